#include "api/aigateway/sub_accounts.h"

#include <fmt/format.h>

#include "api/admin/detail/fields.h"
#include "api/aigateway/sub_account_json.h"
#include "api/idempotent.h"
#include "api/off_loop.h"
#include "base/time.h"
#include "ledger/ledger_store.h"
#include "records/audit.h"

namespace aig::api {
namespace {
using identity::SubAccountRow;
constexpr size_t max_body = 64 << 10;
constexpr int64_t default_page = 100, max_page = 1'000, max_overlap_s = 30 * 86'400;
constexpr uint8_t sub_account_budget = 2;

/// A sub-account is one deep, and its key is for calls.
Status owner_only(const Request& request) {
    if (!request.principal->sub_account) return {};
    return Error(ErrorCode::scope_denied, "A sub-account's key may not manage sub-accounts.");
}

Result<SubAccountId> asked_id(const Request& request) {
    TRY(const int64_t id, path_id("sub_", request.arg));
    return SubAccountId{id};
}

/// What the work off the loop needs of the request: nothing in it belongs to the request's task.
struct Caller {
    identity::Directory* directory;
    store::Store* store;
    AccountId account;
    std::string prefix, actor, from, currency;
    int64_t now_us;
    ReplyKeeper keep;

    explicit Caller(Request& request)
        : directory(request.services.directory),
          store(request.services.store),
          account(request.principal->account),
          prefix(request.principal->prefix),
          actor(to_text(request.principal->key)),
          from(request.client),
          currency(request.principal->currency),
          now_us(request.started_us),
          keep(reply_keeper(request)) {}

    std::unique_ptr<store::Op> audit(std::string_view verb, SubAccountId id) const {
        return records::audit({.actor = actor,
                               .action = fmt::format("sub_account.{}", verb),
                               .object = to_text(id),
                               .account = account,
                               .from = from});
    }
    store::Ops audited(std::string_view verb, SubAccountId id) const {
        store::Ops ops;
        ops.push_back(audit(verb, id));
        return ops;
    }
    /// This month's, of each; the ledger counts it whether there is a cap or not.
    Result<std::vector<int64_t>> spent(const std::vector<SubAccountRow>& rows) const {
        std::vector<int64_t> out;
        TRYV(store->read_now([&](store::Db& db) -> Status {
            out.clear();
            for (const auto& row : rows) {
                TRY(const auto budget,
                    ledger::sql::load_budget(db, {sub_account_budget, row.id.value, utc_month(now_us), 0}));
                out.push_back(budget.spent);
            }
            return {};
        }));
        return out;
    }
    Result<Answer> shown(const SubAccountRow& row) const {
        TRY(const auto sums, spent({row}));
        return Answer{200, sub_account_json(row, sums[0], currency)};
    }
};

Result<Answer> make(const Caller& c, const SubAccountPatch& patch) {
    identity::SubAccountTerms terms;
    patch.onto(terms);
    std::string json;
    TRYV(c.directory->create_sub_account(c.account, std::move(terms), c.prefix,
                                         [&](const identity::MintedSubAccount& made) {
                                             json = sub_account_json(made.row, 0, c.currency, made.key.key);
                                             auto ops = c.keep(201, json);
                                             ops.push_back(c.audit("create", made.row.id));
                                             return ops;
                                         }));
    return Answer{201, std::move(json)};
}

Result<Answer> list(const Caller& c, const Query& query) {
    TRY(const int64_t after, query.id("after", "sub_"));
    TRY(const int64_t limit, query.integer("limit", default_page, 1, max_page));
    TRY(auto rows, c.directory->sub_accounts(c.account, query.text("external_ref"), SubAccountId{after}, limit + 1));
    const bool more = std::ssize(rows) > limit;
    if (more) rows.pop_back();
    TRY(const auto sums, c.spent(rows));
    Answer answer;
    JsonWriter w(answer.json);
    w.begin_object().field("object", "list").key("data").begin_array();
    for (size_t i = 0; i < rows.size(); ++i) w.raw(sub_account_json(rows[i], sums[i], c.currency));
    w.end_array().field("has_more", more);
    more ? w.field("next", to_text(rows.back().id)) : w.field_null("next");
    w.end_object();
    return answer;
}

Result<Answer> rotate(const Caller& c, SubAccountId id, int64_t overlap_s) {
    TRY(const auto row, c.directory->sub_account(id, c.account));
    if (!row.key)
        return Error(ErrorCode::conflict, "This sub-account has no key in force: delete it and make another.");
    std::string json;
    TRYV(c.directory->rotate_key(row.key, c.account, overlap_s, [&](const identity::MintedKey& made) {
        JsonWriter w(json);
        w.begin_object().field("id", to_text(id)).field("object", "sub_account_key").field("key", made.key);
        w.field("scoped_key", made.key).field("key_id", to_text(made.id));
        w.field("key_prefix", std::string_view(made.key).substr(0, 12));
        w.field("previous_key_id", to_text(row.key));
        w.field("previous_valid_until", c.now_us / 1'000'000 + overlap_s).end_object();
        auto ops = c.keep(201, json);
        ops.push_back(c.audit("rotate", id));
        return ops;
    }));
    return Answer{201, std::move(json)};
}
}  // namespace

rt::Task<Status> create_sub_account(Request& request) {
    CO_TRYV(owner_only(request));
    CO_TRY(const auto body, co_await take_body(request, max_body));
    CO_TRY(auto patch, SubAccountPatch::parse(body.bytes));
    std::function<Result<Answer>()> work = [c = Caller(request), patch] { return make(c, patch); };
    auto done = co_await answer_off_loop(request, std::move(work));
    co_return done;
}

rt::Task<Status> list_sub_accounts(Request& request) {
    CO_TRYV(owner_only(request));
    CO_TRY(auto query, Query::parse(request.http.head().query, {"after", "limit", "external_ref"}));
    std::function<Result<Answer>()> work = [c = Caller(request), query] { return list(c, query); };
    auto done = co_await answer_off_loop(request, std::move(work));
    co_return done;
}

rt::Task<Status> show_sub_account(Request& request) {
    CO_TRYV(owner_only(request));
    CO_TRY(const auto id, asked_id(request));
    std::function<Result<Answer>()> work = [c = Caller(request), id]() -> Result<Answer> {
        TRY(const auto row, c.directory->sub_account(id, c.account));
        return c.shown(row);
    };
    auto done = co_await answer_off_loop(request, std::move(work));
    co_return done;
}

rt::Task<Status> update_sub_account(Request& request) {
    CO_TRYV(owner_only(request));
    CO_TRY(const auto id, asked_id(request));
    CO_TRY(const auto body, co_await take_body(request, max_body));
    CO_TRY(auto patch, SubAccountPatch::parse(body.bytes));
    std::function<Result<Answer>()> work = [c = Caller(request), id, patch]() -> Result<Answer> {
        TRY(const auto row,
            c.directory->update_sub_account(
                id, c.account, [&patch](identity::SubAccountTerms& t) { patch.onto(t); }, c.audited("update", id)));
        return c.shown(row);
    };
    auto done = co_await answer_off_loop(request, std::move(work));
    co_return done;
}

rt::Task<Status> delete_sub_account(Request& request) {
    CO_TRYV(owner_only(request));
    CO_TRY(const auto id, asked_id(request));
    std::function<Result<Answer>()> work = [c = Caller(request), id]() -> Result<Answer> {
        TRYV(c.directory->delete_sub_account(id, c.account, c.audited("delete", id)));
        return Answer{200, fmt::format(R"({{"status":"ok","id":"{}","deleted":true}})", to_text(id))};
    };
    auto done = co_await answer_off_loop(request, std::move(work));
    co_return done;
}

rt::Task<Status> rotate_sub_account(Request& request) {
    CO_TRYV(owner_only(request));
    CO_TRY(const auto id, asked_id(request));
    CO_TRY(const auto bytes, co_await take_body(request, max_body));
    CO_TRY(const auto body, Body::parse(bytes.bytes, {"overlap_s"}));
    CO_TRY(const auto overlap, body.integer("overlap_s", 0, max_overlap_s));
    const int64_t overlap_s = overlap.value_or(0);
    std::function<Result<Answer>()> work = [c = Caller(request), id, overlap_s] { return rotate(c, id, overlap_s); };
    auto done = co_await answer_off_loop(request, std::move(work));
    co_return done;
}

}  // namespace aig::api
