#include "store/seal.h"

#include <fmt/format.h>
#include <sodium.h>
#include <unistd.h>

#include <map>
#include <optional>
#include <vector>

#include "base/log.h"
#include "base/time.h"
#include "store/detail/root_key.h"

namespace aig::store {

struct Sealer::Keys {
    RootKey root;
    std::map<uint32_t, RootKey> data;  // what a data key is wiped like
};

namespace {
constexpr char format = 1;
constexpr size_t head_bytes = 5;  // format, data key's id
constexpr int64_t max_id = INT64_C(1) << 31;
constexpr int base64_form = sodium_base64_VARIANT_URLSAFE_NO_PADDING;

constexpr const char* data_keys = "SELECT id, root, wrapped FROM data_key ORDER BY id";
constexpr const char* data_key_insert = "INSERT INTO data_key (id, root, wrapped, created_us) VALUES (?1, ?2, ?3, ?4)";
constexpr const char* data_key_rewrap = "UPDATE data_key SET root = ?1, wrapped = ?2 WHERE id = ?3";

using Keys = Sealer::Keys;

struct WrappedKey {
    int64_t id = 0;
    std::string root, wrapped;
};

std::string place_of(int64_t id) { return fmt::format("data_key|{}|wrapped", id); }

std::string head_of(uint32_t id) {
    return {format, static_cast<char>(id >> 24), static_cast<char>(id >> 16), static_cast<char>(id >> 8),
            static_cast<char>(id)};
}

Result<std::vector<WrappedKey>> load(Store& store) {
    std::vector<WrappedKey> out;
    TRYV(store.read_now([&](Db& db) -> Status {
        auto q = db.query(data_keys);
        while (true) {
            TRY(const bool row, q.step());
            if (!row) return {};
            out.push_back({q.integer(0), std::string(q.text(1)), std::string(q.blob(2))});
        }
    }));
    return out;
}

std::string wrap(const RootKey& data, int64_t id, const RootKey& root) {
    return encrypt({reinterpret_cast<const char*>(data.bytes.data()), data.bytes.size()}, place_of(id),
                   root.bytes.data());
}

Result<RootKey> unwrap(const WrappedKey& w, const RootKey& root) {
    TRY(const std::string plain, decrypt(w.wrapped, place_of(w.id), root.bytes.data()));
    RootKey data;
    if (plain.size() != data.bytes.size() || w.id < 1 || w.id >= max_id)
        return Error(ErrorCode::internal, "a data key has another form than this version's");
    std::copy(plain.begin(), plain.end(), reinterpret_cast<char*>(data.bytes.data()));
    return data;
}

/// All data keys under this root, in one batch with a new one when `fresh`.
Status write_keys(Store& store, const Keys& keys, std::optional<uint32_t> fresh, Ops with) {
    Batch b;
    b.guarded = true;
    b.ops.push_back(op([&keys, fresh](Db& db) -> Status {
        const auto root = keys.root.fingerprint();
        for (const auto& [id, data] : keys.data) {
            const auto wrapped = wrap(data, id, keys.root);
            auto q = db.query(id == fresh ? data_key_insert : data_key_rewrap);
            if (id == fresh)
                q.bind(id).bind(std::string_view(root)).bind_blob(wrapped).bind(now_us());
            else
                q.bind(std::string_view(root)).bind_blob(wrapped).bind(int64_t{id});
            TRYV(q.run());
        }
        return {};
    }));
    for (auto& o : with) b.ops.push_back(std::move(o));
    return store.commit_now(std::move(b));
}

Result<std::shared_ptr<const Keys>> unwrap_all(const std::vector<WrappedKey>& rows, const RootKey& root) {
    auto keys = std::make_shared<Keys>();
    keys->root = root;
    for (const auto& row : rows) {
        TRY(keys->data[static_cast<uint32_t>(row.id)], unwrap(row, root));
    }
    return std::shared_ptr<const Keys>(std::move(keys));
}

Result<std::shared_ptr<const Keys>> first_keys(Store& store, const RootKey& root) {
    auto keys = std::make_shared<Keys>();
    keys->root = root;
    keys->data[1] = RootKey::fresh();
    TRYV(write_keys(store, *keys, 1, {}));
    return std::shared_ptr<const Keys>(std::move(keys));
}

Error no_key(std::string_view from) {
    return Error(
        ErrorCode::config_invalid,
        fmt::format("{} is not the key this database's secrets are sealed with. Put the right one back; without "
                    "it they cannot be opened.",
                    from));
}

bool all_under(const std::vector<WrappedKey>& rows, const RootKey& root) {
    const auto print = root.fingerprint();
    for (const auto& row : rows)
        if (row.root != print) return false;
    return true;
}

/// The root key file; a rotation that was cut off between its commit and the renaming is finished here.
Result<RootKey> root_from_file(const std::string& file, const std::vector<WrappedKey>& rows) {
    const auto next_file = file + ".new";
    auto here = read_root_key(file);
    if (here && all_under(rows, *here)) {
        ::unlink(next_file.c_str());
        return here;
    }
    if (!here && here.error().code() != ErrorCode::resource_not_found) return here;
    if (auto next = read_root_key(next_file); next && !rows.empty() && all_under(rows, *next)) {
        TRYV(replace_root_key(next_file, file));
        return next;
    }
    if (!rows.empty()) return no_key(file);
    const auto made = RootKey::fresh();
    TRYV(write_root_key(file, made));
    log::info("secret_key_made", {{"path", file}});
    return made;
}

Result<std::shared_ptr<const Keys>> keys_from_environment(Store& store, const SealOptions& options,
                                                          const std::vector<WrappedKey>& rows) {
    TRY(const auto root, root_key_of(options.key, "AIG_SECRET_KEY"));
    if (rows.empty()) return first_keys(store, root);
    if (all_under(rows, root)) return unwrap_all(rows, root);
    if (options.old_key.empty()) return no_key("AIG_SECRET_KEY");
    TRY(const auto old, root_key_of(options.old_key, "AIG_SECRET_KEY_OLD"));
    if (!all_under(rows, old)) return no_key("AIG_SECRET_KEY_OLD");
    TRY(const auto before, unwrap_all(rows, old));
    auto keys = std::make_shared<Keys>(*before);
    keys->root = root;
    const uint32_t fresh = keys->data.rbegin()->first + 1;
    keys->data[fresh] = RootKey::fresh();
    TRYV(write_keys(store, *keys, fresh, {}));
    log::info("secret_key_rotated", {{"data_keys", static_cast<int64_t>(keys->data.size())}});
    return std::shared_ptr<const Keys>(std::move(keys));
}
}  // namespace

Result<std::unique_ptr<Sealer>> Sealer::open(Store& store, const SealOptions& options) {
    TRY(const auto rows, load(store));
    if (!options.key.empty()) {
        TRY(auto keys, keys_from_environment(store, options, rows));
        return std::unique_ptr<Sealer>(new Sealer(store, "", std::move(keys)));
    }
    const auto file = options.data_dir + "/secret.key";
    TRY(const auto root, root_from_file(file, rows));
    TRY(auto keys, rows.empty() ? first_keys(store, root) : unwrap_all(rows, root));
    return std::unique_ptr<Sealer>(new Sealer(store, file, std::move(keys)));
}

Sealer::~Sealer() = default;

std::shared_ptr<const Sealer::Keys> Sealer::keys() const {
    const std::lock_guard lock(mutex_);
    return keys_;
}

Result<std::string> Sealer::seal(std::string_view plain, std::string_view bound_to) const {
    const auto now = keys();
    const auto& [id, data] = *now->data.rbegin();
    auto head = head_of(id);
    auto body = encrypt(plain, head + std::string(bound_to), data.bytes.data());
    return head + body;
}

Result<std::string> Sealer::unseal(std::string_view sealed, std::string_view bound_to) const {
    const auto now = keys();
    if (sealed.size() < head_bytes || sealed[0] != format)
        return Error(ErrorCode::internal, "a sealed value has another form than this version's");
    uint32_t id = 0;
    for (size_t i = 1; i < head_bytes; ++i) id = id << 8 | static_cast<unsigned char>(sealed[i]);
    const auto at = now->data.find(id);
    if (at == now->data.end()) return Error(ErrorCode::internal, "a sealed value names a data key that is not here");
    return decrypt(sealed.substr(head_bytes), std::string(sealed.substr(0, head_bytes)) + std::string(bound_to),
                   at->second.bytes.data());
}

Result<std::string> Sealer::seal_text(std::string_view plain, std::string_view bound_to) const {
    TRY(const std::string bytes, seal(plain, bound_to));
    std::string out(sodium_base64_encoded_len(bytes.size(), base64_form), '\0');
    sodium_bin2base64(out.data(), out.size(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                      base64_form);
    out.pop_back();  // the terminating zero
    return out;
}

Result<std::string> Sealer::unseal_text(std::string_view sealed, std::string_view bound_to) const {
    std::string bytes(sealed.size() / 4 * 3 + 3, '\0');
    size_t size = 0;
    const char* end = nullptr;
    const int bad = sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), sealed.data(),
                                      sealed.size(), nullptr, &size, &end, base64_form);
    if (bad || end != sealed.data() + sealed.size())
        return Error(ErrorCode::internal, "a sealed value is not base64url");
    bytes.resize(size);
    return unseal(bytes, bound_to);
}

Status Sealer::rotate(Ops with) {
    const std::lock_guard one(rotating_);
    if (file_.empty())
        return Error(ErrorCode::conflict,
                     "The secret key comes from AIG_SECRET_KEY: restart with the new one there and this one in "
                     "AIG_SECRET_KEY_OLD.");
    auto fresh = std::make_shared<Keys>(*keys());
    fresh->root = RootKey::fresh();
    const uint32_t id = fresh->data.rbegin()->first + 1;
    fresh->data[id] = RootKey::fresh();
    const auto next_file = file_ + ".new";
    ::unlink(next_file.c_str());
    TRYV(write_root_key(next_file, fresh->root));
    if (auto done = write_keys(store_, *fresh, id, std::move(with)); !done) {
        ::unlink(next_file.c_str());
        return done;
    }
    {
        const std::lock_guard lock(mutex_);
        keys_ = fresh;
    }
    // From here on the database belongs to the new key; a start finds it under either name.
    return replace_root_key(next_file, file_);
}

}  // namespace aig::store
