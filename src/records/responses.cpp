#include "records/responses.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "records/records_store.h"

namespace aig::records {
namespace {

constexpr char response_find[] =
    "SELECT previous_id, status, background, created_us, expires_us, content FROM stored_response WHERE response_id = "
    "? "
    "AND account_id = ? AND sub_account_id = ? AND expires_us > ?";
constexpr char response_insert[] =
    "INSERT INTO stored_response (response_id, account_id, sub_account_id, previous_id, status, background, "
    "created_us, "
    "expires_us, content) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr char response_end[] =
    "UPDATE stored_response SET status = ?, content = ? WHERE response_id = ? AND status IN ('queued', 'in_progress')";
constexpr char response_remove[] =
    "DELETE FROM stored_response WHERE response_id = ? AND account_id = ? AND sub_account_id = ? AND expires_us > ?";
constexpr char response_sweep[] =
    "DELETE FROM stored_response WHERE id IN (SELECT id FROM stored_response WHERE expires_us <= ? ORDER BY expires_us "
    "LIMIT 500)";
constexpr char response_fail[] =
    "UPDATE stored_response SET status = 'failed' WHERE status IN ('queued', 'in_progress')";
constexpr const char* all_statements[] = {response_find,   response_insert, response_end,
                                          response_remove, response_sweep,  response_fail};
constexpr size_t longest_chain = 1'000;

/// "12 34 56 78\n" and the four parts.
std::string packed(const StoredResponse& r) {
    std::string out = fmt::format("{} {} {} {}\n", r.request.size(), r.input.size(), r.object.size(), r.events.size());
    out.append(r.request).append(r.input).append(r.object).append(r.events);
    return out;
}

Status unpack(std::string_view plain, StoredResponse& r) {
    std::string_view head = plain.substr(0, plain.find('\n'));
    std::string_view rest = plain.substr(std::min(plain.size(), head.size() + 1));
    for (std::string* part : {&r.request, &r.input, &r.object, &r.events}) {
        size_t size = 0;
        const auto [end, bad] = std::from_chars(head.data(), head.data() + head.size(), size);
        if (bad != std::errc{} || size > rest.size()) return Error(ErrorCode::internal, "a stored response is broken");
        head.remove_prefix(std::min(head.size(), static_cast<size_t>(end - head.data()) + 1));
        *part = rest.substr(0, size);
        rest.remove_prefix(size);
    }
    return {};
}

Error not_there(std::string_view id) {
    return Error(ErrorCode::resource_not_found,
                 fmt::format("There is no response '{}': it was not stored, was deleted, or is past its time.",
                             id.substr(0, 100)));
}

Status read_one(store::Db& db, const Seal& seal, const ResponseOwner& owner, const std::string& id, int64_t now_us,
                StoredResponse& out) {
    auto q = db.query(response_find);
    q.bind_ref(id).bind(owner.account.value).bind(owner.sub_account.value).bind(now_us);
    TRY(const bool found, q.step());
    if (!found) return not_there(id);
    out.id = id;
    out.owner = owner;
    out.previous_id = q.text(0);
    out.status = q.text(1);
    out.background = q.integer(2) != 0;
    out.created_us = q.integer(3);
    out.expires_us = q.integer(4);
    TRY(const std::string plain, seal.open(q.blob(5), id));
    return unpack(plain, out);
}

Status read_chain(store::Db& db, const Seal& seal, const ResponseOwner& owner, std::string id, int64_t now_us,
                  size_t most_bytes, std::vector<StoredResponse>& out) {
    size_t bytes = 0;
    for (; !id.empty(); id = out.back().previous_id) {
        StoredResponse one;
        TRYV(read_one(db, seal, owner, id, now_us, one));
        bytes += one.input.size() + one.object.size();
        if (bytes > most_bytes || out.size() >= longest_chain)
            return Error(ErrorCode::bad_param, "the conversation behind `previous_response_id` has grown too long")
                .param("previous_response_id");
        out.push_back(std::move(one));
    }
    std::reverse(out.begin(), out.end());
    return {};
}

Result<std::string> as_it_is(std::string_view bytes, std::string_view) { return std::string(bytes); }

Status insert(store::Db& db, const Seal& seal, const StoredResponse& r) {
    TRY(const std::string sealed, seal.close(packed(r), r.id));
    auto q = db.query(response_insert);
    q.bind_ref(r.id).bind(r.owner.account.value).bind(r.owner.sub_account.value).bind_ref(r.previous_id);
    q.bind_ref(r.status).bind(int64_t{r.background}).bind(r.created_us).bind(r.expires_us).bind_blob_ref(sealed);
    TRYV(q.run());
    return {};
}

Status update(store::Db& db, const Seal& seal, const StoredResponse& r) {
    TRY(const std::string sealed, seal.close(packed(r), r.id));
    auto q = db.query(response_end);
    TRYV(q.bind_ref(r.status).bind_blob_ref(sealed).bind_ref(r.id).run());
    return {};
}
}  // namespace

Responses::Responses(store::Store& store, Seal seal)
    : store_(store), seal_(std::make_shared<const Seal>(seal.close ? std::move(seal) : Seal{as_it_is, as_it_is})) {}

Status Responses::keep(store::Db& db, const StoredResponse& r) const { return insert(db, *seal_, r); }
Status Responses::end(store::Db& db, const StoredResponse& r) const { return update(db, *seal_, r); }

std::unique_ptr<store::Op> Responses::keep_op(StoredResponse r) const {
    return store::op([seal = seal_, r = std::move(r)](store::Db& db) { return insert(db, *seal, r); });
}
std::unique_ptr<store::Op> Responses::end_op(StoredResponse r) const {
    return store::op([seal = seal_, r = std::move(r)](store::Db& db) { return update(db, *seal, r); });
}

rt::Task<Result<StoredResponse>> Responses::find(ResponseOwner owner, std::string id, int64_t now_us) const {
    auto found = std::make_shared<StoredResponse>();  // the reader's thread may outlive this task
    std::function<Status(store::Db&)> look = [seal = seal_, found, owner, id, now_us](store::Db& db) {
        return read_one(db, *seal, owner, id, now_us, *found);
    };
    CO_TRYV(co_await store_.read(std::move(look)));
    co_return std::move(*found);
}

rt::Task<Result<std::vector<StoredResponse>>> Responses::chain(ResponseOwner owner, std::string id, int64_t now_us,
                                                               size_t most_bytes) const {
    auto found = std::make_shared<std::vector<StoredResponse>>();
    std::function<Status(store::Db&)> look = [seal = seal_, found, owner, id, now_us, most_bytes](store::Db& db) {
        found->clear();
        return read_chain(db, *seal, owner, id, now_us, most_bytes, *found);
    };
    CO_TRYV(co_await store_.read(std::move(look)));
    co_return std::move(*found);
}

rt::Task<Status> Responses::remove(ResponseOwner owner, std::string id, int64_t now_us) {
    auto gone = std::make_shared<int64_t>(0);
    store::Batch batch;
    batch.ops.push_back(store::op([gone, owner, id, now_us](store::Db& db) -> Status {
        auto q = db.query(response_remove);
        q.bind_ref(id).bind(owner.account.value).bind(owner.sub_account.value).bind(now_us);
        TRY(*gone, q.run());
        return {};
    }));
    CO_TRYV(co_await store_.commit(std::move(batch)));
    if (!*gone) co_return not_there(id);
    co_return Status{};
}

std::unique_ptr<store::Op> Responses::sweep(int64_t now_us) {
    return store::op([now_us](store::Db& db) -> Status {
        auto q = db.query(response_sweep);
        TRYV(q.bind(now_us).run());
        return {};
    });
}

std::unique_ptr<store::Op> Responses::fail_running() {
    return store::op([](store::Db& db) -> Status {
        auto q = db.query(response_fail);
        TRYV(q.run());
        return {};
    });
}

std::span<const char* const> sql::response_statements() { return all_statements; }

}  // namespace aig::records
