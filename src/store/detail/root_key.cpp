#include "store/detail/root_key.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>

namespace aig::store {
namespace {
constexpr size_t nonce_bytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
                 tag_bytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;

const unsigned char* bytes_of(std::string_view s) { return reinterpret_cast<const unsigned char*>(s.data()); }
unsigned char* bytes_of(std::string& s) { return reinterpret_cast<unsigned char*>(s.data()); }

class File {
  public:
    explicit File(int fd) : fd_(fd) {}
    File(const File&) = delete;
    ~File() {
        if (fd_ >= 0) ::close(fd_);
    }
    explicit operator bool() const { return fd_ >= 0; }
    int get() const { return fd_; }

  private:
    int fd_;
};

void ready() {
    // Without it nothing sealed would be safe; there is nothing sensible to go on with.
    if (sodium_init() < 0) std::abort();
}

Error broken(const std::string& path, std::string_view doing) {
    return Error(ErrorCode::storage_unavailable,
                 fmt::format("cannot {} {}: {}", doing, path, std::generic_category().message(errno)));
}

Status sync_folder(const std::string& path) {
    const auto slash = path.rfind('/');
    const auto folder = slash == std::string::npos ? std::string(".") : path.substr(0, slash + 1);
    const File fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::fsync(fd.get()) != 0) return broken(folder, "make durable");
    return {};
}
}  // namespace

RootKey::~RootKey() { sodium_memzero(bytes.data(), bytes.size()); }

RootKey RootKey::fresh() {
    ready();
    RootKey k;
    randombytes_buf(k.bytes.data(), k.bytes.size());
    return k;
}

std::string RootKey::fingerprint() const {
    ready();
    constexpr std::string_view about = "aig root key";
    unsigned char hash[16];
    crypto_generichash(hash, sizeof hash, bytes_of(about), about.size(), bytes.data(), bytes.size());
    char hex[2 * sizeof hash + 1];
    return sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
}

Result<RootKey> root_key_of(std::string_view text, std::string_view from) {
    ready();
    while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
    RootKey k;
    size_t n = 0;
    const bool read =
        sodium_hex2bin(k.bytes.data(), k.bytes.size(), text.data(), text.size(), nullptr, &n, nullptr) == 0;
    if (!read || n != k.bytes.size() || text.size() != 2 * n)
        return Error(ErrorCode::config_invalid, fmt::format("{} must be 64 hex digits (openssl rand -hex 32).", from));
    return k;
}

Result<RootKey> read_root_key(const std::string& path) {
    const File fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd && errno == ENOENT) return Error(ErrorCode::resource_not_found, fmt::format("there is no {}", path));
    struct stat about {};
    if (!fd || ::fstat(fd.get(), &about) != 0) return broken(path, "read");
    if (about.st_mode & 077)
        return Error(ErrorCode::config_invalid, fmt::format("Others can read {}: chmod 600 it.", path));
    char text[128];
    const ssize_t n = ::read(fd.get(), text, sizeof text);
    if (n < 0) return broken(path, "read");
    auto key = root_key_of({text, static_cast<size_t>(n)}, path);
    sodium_memzero(text, sizeof text);
    return key;
}

Status write_root_key(const std::string& path, const RootKey& key) {
    ready();
    char text[66];
    sodium_bin2hex(text, sizeof text, key.bytes.data(), key.bytes.size());
    text[64] = '\n';
    const File fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    const bool written = fd && ::write(fd.get(), text, 65) == 65 && ::fsync(fd.get()) == 0;
    sodium_memzero(text, sizeof text);
    if (!written) return broken(path, "write");
    return sync_folder(path);
}

Status replace_root_key(const std::string& from, const std::string& to) {
    if (::rename(from.c_str(), to.c_str()) != 0) return broken(to, "replace");
    return sync_folder(to);
}

std::string encrypt(std::string_view plain, std::string_view bound_to, const unsigned char key[32]) {
    ready();
    std::string out(nonce_bytes + plain.size() + tag_bytes, '\0');
    auto* nonce = bytes_of(out);
    randombytes_buf(nonce, nonce_bytes);
    crypto_aead_xchacha20poly1305_ietf_encrypt(nonce + nonce_bytes, nullptr, bytes_of(plain), plain.size(),
                                               bytes_of(bound_to), bound_to.size(), nullptr, nonce, key);
    return out;
}

Result<std::string> decrypt(std::string_view sealed, std::string_view bound_to, const unsigned char key[32]) {
    ready();
    const Error other(ErrorCode::internal, "a sealed value does not open: changed, moved, or sealed with another key");
    if (sealed.size() < nonce_bytes + tag_bytes) return other;
    std::string out(sealed.size() - nonce_bytes - tag_bytes, '\0');
    const auto* nonce = bytes_of(sealed);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(bytes_of(out), nullptr, nullptr, nonce + nonce_bytes,
                                                   sealed.size() - nonce_bytes, bytes_of(bound_to), bound_to.size(),
                                                   nonce, key) != 0)
        return other;
    return out;
}

}  // namespace aig::store
