#include "api/admin/admin.h"

#include <fmt/format.h>

#include "api/admin/detail/fields.h"
#include "base/log.h"
#include "base/money.h"
#include "base/time.h"
#include "records/records.h"

namespace aig::api {
namespace {
constexpr int64_t max_amount_nanos = 1'000'000'000 * nanos_per_unit;
constexpr int64_t default_page = 100, max_page = 1'000;
constexpr size_t max_models = 1'000, max_ref = 200, max_memo = 500;
constexpr int64_t max_expiry_s = 32'503'680'000;  // the year 3000

/// The languages a key may be minted with, as x-aig-dialect names them.
Status known_dialect(std::string_view name) {
    for (const std::string_view d : {"", "openai", "aigate", "aigateway", "aigenway", "portal"})
        if (name == d) return {};
    return Error(ErrorCode::bad_param, "'dialect' must be one of openai, aigate, aigateway, aigenway, portal.")
        .param("dialect");
}

std::string wallet_json(const ledger::WalletView& v) {
    std::string out;
    JsonWriter(out)
        .begin_object()
        .field("currency", v.currency)
        .field("balance", dollars(v.balance_nanos))
        .field("held", dollars(v.held_nanos))
        .field("available", dollars(v.available_nanos))
        .end_object();
    return out;
}

void write_stamp(JsonWriter& w, std::string_view name, int64_t us) {
    us ? w.field(name, iso_utc(us)) : w.field_null(name);
}

void write_account(JsonWriter& w, const identity::AccountRow& a) {
    w.begin_object()
        .field("account_id", to_text(a.id))
        .field("name", a.name)
        .field("email", a.email)
        .field("status", a.status);
    write_stamp(w, "created_at", a.created_us);
    w.end_object();
}

void write_limit(JsonWriter& w, std::string_view name, std::optional<int64_t> v) {
    v ? w.field(name, *v) : w.field_null(name);
}

void write_key(JsonWriter& w, const identity::KeyRow& k) {
    const auto& p = k.principal;
    w.begin_object().field("key_id", to_text(k.id)).field("account_id", to_text(p.account)).field("name", p.key_name);
    w.field("shown", k.shown).field("prefix", p.prefix).field("status", k.revoked_us ? "revoked" : "active");
    w.field("dialect", p.dialect).field("tag", p.tag);
    write_limit(w, "rpm", p.limits.rpm);
    write_limit(w, "tpm", p.limits.tpm);
    write_limit(w, "concurrency", p.limits.concurrency);
    p.limits.spend_cap_nanos ? w.field("spend_cap_usd", dollars(*p.limits.spend_cap_nanos))
                             : w.field_null("spend_cap_usd");
    w.field("spend_period", p.limits.spend_period).key("models").begin_array();
    for (const auto& m : p.models) w.string(m);
    w.end_array();
    write_stamp(w, "created_at", k.created_us);
    write_stamp(w, "expires_at", p.expires_us);
    write_stamp(w, "revoked_at", k.revoked_us);
    write_stamp(w, "last_used_at", k.last_used_us);
    w.end_object();
}

void write_call(JsonWriter& w, const records::CallRecord& c) {
    w.begin_object()
        .field("request_id", c.request_id)
        .field("account_id", to_text(c.account))
        .field("key_id", to_text(c.key));
    w.field("model", c.model).field("provider", c.provider).field("operation", c.operation).field("status", c.status);
    w.field("error_code", c.error_code).field("streamed", c.streamed).field("attempts", c.attempts).field("tag", c.tag);
    write_stamp(w, "started_at", c.started_us);
    w.field("duration_ms", c.duration_us / 1000).field("first_byte_ms", c.first_byte_us / 1000);
    w.field("input_tokens", c.input).field("cached_input_tokens", c.cached_input).field("output_tokens", c.output);
    w.field("cost", dollars(c.cost_nanos)).field("operator_cost", dollars(c.operator_cost_nanos)).end_object();
}
}  // namespace

/// What a handler is asked: the request, and the id in its path.
struct Ask {
    const AdminRequest& request;
    std::string_view id;
};

/// The handlers, one a route. Each reads its whole request before it does anything.
struct AdminRoutes {
    Admin& admin;
    using Handler = Result<AdminReply> (AdminRoutes::*)(const Ask&);
    struct Row {
        std::string_view method, path;  // "{id}" stands for one segment
        Handler handler;
    };
    static const Row rows[];

    Result<AdminReply> make_account(const Ask& ask) {
        TRY(const Body body, Body::parse(ask.request.body, {"name", "email", "currency"}));
        TRY(std::string name, body.needed_text("name"));
        TRY(std::string email, body.text("email", ""));
        TRY(const std::string currency, body.text("currency", admin.hooks_.currency));
        bool letters = currency.size() == 3;
        for (const char c : currency) letters = letters && c >= 'A' && c <= 'Z';
        if (!letters)
            return Error(ErrorCode::bad_param, "'currency' must be three capital letters, such as USD.")
                .param("currency");
        const auto wallet = [&](AccountId id) {
            store::Ops ops;
            ops.push_back(admin.book_.create_wallet(id, currency));
            return ops;
        };
        TRY(const AccountId id, admin.directory_.create_account(std::move(name), std::move(email), wallet));
        log::info("account_created", {{"account", to_text(id)}});
        AdminReply reply{201, {}};
        JsonWriter(reply.json).begin_object().field("account_id", to_text(id)).end_object();
        return reply;
    }

    Result<AdminReply> list_accounts(const Ask& ask) {
        TRY(const Query query, Query::parse(ask.request.query, {"after", "limit"}));
        TRY(const int64_t after, query.id("after", "acc_"));
        TRY(const int64_t limit, query.integer("limit", default_page, 1, max_page));
        TRY(const auto rows_found, admin.directory_.accounts(AccountId{after}, limit));
        AdminReply reply;
        JsonWriter w(reply.json);
        w.begin_object().key("accounts").begin_array();
        for (const auto& a : rows_found) write_account(w, a);
        w.end_array();
        std::ssize(rows_found) == limit ? w.field("next", to_text(rows_found.back().id)) : w.field_null("next");
        w.end_object();
        return reply;
    }

    Result<AdminReply> show_account(const Ask& ask) {
        TRYV(Query::parse(ask.request.query, {}));
        TRY(const int64_t id, path_id("acc_", ask.id));
        TRY(const auto row, admin.directory_.account(AccountId{id}));
        AdminReply reply;
        JsonWriter w(reply.json);
        write_account(w, row);
        return reply;
    }

    Result<AdminReply> set_blocked(const Ask& ask, bool blocked) {
        TRYV(Body::parse(ask.request.body, {}));
        TRY(const int64_t id, path_id("acc_", ask.id));
        TRYV(admin.directory_.block_account(AccountId{id}, blocked));
        log::info(blocked ? "account_blocked" : "account_unblocked", {{"account", to_text(AccountId{id})}});
        return show_account(ask);
    }
    Result<AdminReply> block_account(const Ask& ask) { return set_blocked(ask, true); }
    Result<AdminReply> unblock_account(const Ask& ask) { return set_blocked(ask, false); }

    Result<AdminReply> credit(const Ask& ask) {
        TRY(const Body body, Body::parse(ask.request.body, {"amount", "ref", "memo"}));
        TRY(const auto amount, body.amount("amount", max_amount_nanos));
        if (!amount)
            return Error(ErrorCode::bad_param, "'amount' is required, as decimal text (\"10\", \"0.01\").")
                .param("amount");
        TRY(std::string ref, body.text("ref", "adm_" + new_ulid()));
        TRY(std::string memo, body.text("memo", ""));
        if (ref.empty() || ref.size() > max_ref)
            return Error(ErrorCode::bad_param, fmt::format("'ref' must have 1 to {} bytes.", max_ref)).param("ref");
        if (memo.size() > max_memo)
            return Error(ErrorCode::bad_param, fmt::format("'memo' may have at most {} bytes.", max_memo))
                .param("memo");
        TRY(const int64_t id, path_id("acc_", ask.id));
        TRYV(admin.directory_.account(AccountId{id}));
        TRY(const auto view, admin.book_.credit_now(AccountId{id}, *amount, ref, std::move(memo)));
        log::info("wallet_credited", {{"account", to_text(AccountId{id})}, {"amount", dollars(*amount)}, {"ref", ref}});
        return AdminReply{200, wallet_json(view)};
    }

    Result<AdminReply> show_wallet(const Ask& ask) {
        TRYV(Query::parse(ask.request.query, {}));
        TRY(const int64_t id, path_id("acc_", ask.id));
        TRYV(admin.directory_.account(AccountId{id}));
        TRY(const auto view, admin.book_.wallet_now(AccountId{id}));
        return AdminReply{200, wallet_json(view)};
    }

    Result<AdminReply> make_key(const Ask& ask) {
        TRY(const Body body,
            Body::parse(ask.request.body, {"account_id", "prefix", "name", "rpm", "tpm", "concurrency", "spend_cap_usd",
                                           "spend_period", "models", "dialect", "tag", "expires_at"}));
        identity::NewKey key;
        TRY(const std::string account, body.needed_text("account_id"));
        TRY(const int64_t account_id, path_id("acc_", account));
        key.account = AccountId{account_id};
        TRY(key.prefix, body.text("prefix", "sk-aig-"));
        TRY(key.name, body.text("name", ""));
        TRY(key.dialect, body.text("dialect", ""));
        TRYV(known_dialect(key.dialect));
        TRY(key.tag, body.text("tag", ""));
        TRY(key.limits.rpm, body.integer("rpm", 1, 1'000'000'000));
        TRY(key.limits.tpm, body.integer("tpm", 1, 1'000'000'000'000));
        TRY(key.limits.concurrency, body.integer("concurrency", 1, 1'000'000));
        TRY(key.limits.spend_cap_nanos, body.amount("spend_cap_usd", max_amount_nanos));
        TRY(key.limits.spend_period, body.text("spend_period", ""));
        TRY(key.models, body.texts("models", max_models));
        TRY(const auto expires_s, body.integer("expires_at", 1, max_expiry_s));
        key.expires_us = expires_s.value_or(0) * 1'000'000;
        TRY(const auto minted, admin.directory_.create_key(std::move(key)));
        log::info("key_created", {{"key", to_text(minted.id)}, {"account", account}});
        AdminReply reply{201, {}};
        JsonWriter(reply.json).begin_object().field("key_id", to_text(minted.id)).field("key", minted.key).end_object();
        return reply;
    }

    Result<AdminReply> list_keys(const Ask& ask) {
        TRY(const Query query, Query::parse(ask.request.query, {"account", "status", "after", "limit"}));
        TRY(const int64_t account, query.id("account", "acc_"));
        TRY(const int64_t after, query.id("after", "key_"));
        TRY(const int64_t limit, query.integer("limit", default_page, 1, max_page));
        const auto status = query.text("status");
        if (!status.empty() && status != "active" && status != "revoked")
            return Error(ErrorCode::bad_param, "'status' must be 'active' or 'revoked'.").param("status");
        TRY(const auto rows_found, admin.directory_.keys(AccountId{account}, KeyId{after}, limit));
        AdminReply reply;
        JsonWriter w(reply.json);
        w.begin_object().key("keys").begin_array();
        for (const auto& k : rows_found)
            if (status.empty() || (status == "revoked") == (k.revoked_us != 0)) write_key(w, k);
        w.end_array();
        std::ssize(rows_found) == limit ? w.field("next", to_text(rows_found.back().id)) : w.field_null("next");
        w.end_object();
        return reply;
    }

    Result<AdminReply> revoke_key(const Ask& ask) {
        TRYV(Body::parse(ask.request.body, {}));
        TRY(const int64_t id, path_id("key_", ask.id));
        TRYV(admin.directory_.revoke_key(KeyId{id}));
        log::info("key_revoked", {{"key", to_text(KeyId{id})}});
        AdminReply reply;
        JsonWriter(reply.json)
            .begin_object()
            .field("key_id", to_text(KeyId{id}))
            .field("status", "revoked")
            .end_object();
        return reply;
    }

    Result<AdminReply> recent_calls(const Ask& ask) {
        TRY(const Query query, Query::parse(ask.request.query, {"account", "limit"}));
        TRY(const int64_t account, query.id("account", "acc_"));
        TRY(const int64_t limit, query.integer("limit", default_page, 1, max_page));
        std::vector<records::CallRecord> calls;
        TRYV(admin.store_.read_now([&](store::Db& db) -> Status {
            TRY(calls, records::recent(db, AccountId{account}, limit));
            return {};
        }));
        AdminReply reply;
        JsonWriter w(reply.json);
        w.begin_object().key("calls").begin_array();
        for (const auto& c : calls) write_call(w, c);
        w.end_array().end_object();
        return reply;
    }

    Result<AdminReply> verify_ledger(const Ask& ask) {
        TRYV(Query::parse(ask.request.query, {}));
        TRY(const auto report, ledger::Book::verify(admin.store_));
        AdminReply reply;
        JsonWriter w(reply.json);
        w.begin_object().field("ok", report.ok).key("faults").begin_array();
        for (const auto& f : report.faults) w.string(f);
        w.end_array()
            .field("entries", report.entries)
            .field("wallets", report.wallets)
            .field("open_holds", report.open_holds)
            .end_object();
        return reply;
    }

    Result<AdminReply> reload(const Ask& ask) {
        TRYV(Body::parse(ask.request.body, {}));
        if (!admin.hooks_.reload) return Error(ErrorCode::conflict, "There is no configuration file to reload.");
        TRYV(admin.hooks_.reload());
        return AdminReply{200, R"({"reloaded":true})"};
    }

    Result<AdminReply> status(const Ask& ask) {
        TRYV(Query::parse(ask.request.query, {}));
        AdminReply reply;
        JsonWriter w(reply.json);
        w.begin_object()
            .field("schema_version", admin.store_.schema_version())
            .field("open_holds", admin.book_.open_holds());
        w.field("write_queue", admin.store_.queue_length());
        if (admin.hooks_.status_json) w.raw_members(admin.hooks_.status_json());
        w.end_object();
        return reply;
    }
};

const AdminRoutes::Row AdminRoutes::rows[] = {
    {"POST", "/admin/accounts", &AdminRoutes::make_account},
    {"GET", "/admin/accounts", &AdminRoutes::list_accounts},
    {"GET", "/admin/accounts/{id}", &AdminRoutes::show_account},
    {"POST", "/admin/accounts/{id}/block", &AdminRoutes::block_account},
    {"POST", "/admin/accounts/{id}/unblock", &AdminRoutes::unblock_account},
    {"POST", "/admin/accounts/{id}/credit", &AdminRoutes::credit},
    {"GET", "/admin/accounts/{id}/wallet", &AdminRoutes::show_wallet},
    {"POST", "/admin/keys", &AdminRoutes::make_key},
    {"GET", "/admin/keys", &AdminRoutes::list_keys},
    {"POST", "/admin/keys/{id}/revoke", &AdminRoutes::revoke_key},
    {"GET", "/admin/calls/recent", &AdminRoutes::recent_calls},
    {"GET", "/admin/ledger/verify", &AdminRoutes::verify_ledger},
    {"POST", "/admin/reload", &AdminRoutes::reload},
    {"GET", "/admin/status", &AdminRoutes::status},
};

namespace {
/// The id in `path` when it has the pattern's form ("" for a pattern without one); nothing when it has not.
std::optional<std::string_view> match(std::string_view pattern, std::string_view path) {
    const auto hole = pattern.find("{id}");
    if (hole == std::string_view::npos) return pattern == path ? std::optional<std::string_view>("") : std::nullopt;
    const auto before = pattern.substr(0, hole), after = pattern.substr(hole + 4);
    if (path.size() <= before.size() + after.size() || !path.starts_with(before) || !path.ends_with(after)) return {};
    const auto id = path.substr(before.size(), path.size() - before.size() - after.size());
    return id.find('/') == std::string_view::npos ? std::optional(id) : std::nullopt;
}

Result<AdminReply> dispatch(Admin& admin, const AdminRequest& request) {
    std::string methods;
    for (const auto& row : AdminRoutes::rows) {
        const auto id = match(row.path, request.path);
        if (!id) continue;
        if (row.method == request.method && row.method == "POST") TRYV(Query::parse(request.query, {}));
        if (row.method == request.method) return (AdminRoutes{admin}.*row.handler)({request, *id});
        fmt::format_to(std::back_inserter(methods), "{}{}", methods.empty() ? "" : ", ", row.method);
    }
    if (methods.empty())
        return Error(ErrorCode::route_not_found, fmt::format("There is no {}.", request.path.substr(0, 200)));
    return Error(ErrorCode::method_not_allowed, fmt::format("{} takes {}.", request.path, methods));
}
}  // namespace

AdminReply Admin::answer(const AdminRequest& request) {
    auto reply = dispatch(*this, request);
    if (reply) return *std::move(reply);
    return {reply.error().status(), admin_error_json(reply.error())};
}

std::string admin_error_json(const Error& error) {
    std::string out;
    JsonWriter w(out);
    w.begin_object().key("error").begin_object().field("code", error.row().name).field("message", error.message());
    if (!error.param().empty()) w.field("param", error.param());
    w.field("next_step", error.row().advice).raw_members(error.details_json()).end_object().end_object();
    return out;
}

}  // namespace aig::api
