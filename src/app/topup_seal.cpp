#include "app/topup_seal.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <unistd.h>

#include "app/files.h"
#include "base/ids.h"
#include "base/log.h"

namespace aig::app {
namespace {
constexpr size_t key_size = 43;  // base62 characters: 256 bits

Result<std::string> key_of(const std::string& path) {
    if (auto kept = read_file(path, 4096)) {
        while (kept->ends_with('\n')) kept->pop_back();
        if (kept->size() >= key_size) return *std::move(kept);
        return Error(ErrorCode::config_invalid, path + " holds no key; restore it from a backup");
    }
    if (::access(path.c_str(), F_OK) == 0) return Error(ErrorCode::config_invalid, path + " cannot be read");
    auto made = random_base62(key_size);
    TRYV(write_file(path, made + "\n", 0600));
    log::info("topup_key_made", {{"path", path}});
    return made;
}

std::string mac(const std::string& key, std::string_view plain, std::string_view bound_to) {
    std::string text(bound_to);
    text.append("\n").append(plain);
    unsigned char out[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
         text.size(), out, &size);
    return {reinterpret_cast<char*>(out), size};
}
}  // namespace

Result<topup::Seal> topup_seal(const std::string& data_dir) {
    TRY(const auto key, key_of(data_dir + "/topup.key"));
    topup::Seal seal;
    seal.of_text = [key](std::string_view plain, std::string_view bound_to) { return mac(key, plain, bound_to); };
    seal.fits_text = [key](std::string_view plain, std::string_view sealed, std::string_view bound_to) {
        const auto good = mac(key, plain, bound_to);
        return sealed.size() == good.size() && CRYPTO_memcmp(sealed.data(), good.data(), good.size()) == 0;
    };
    return seal;
}

}  // namespace aig::app
