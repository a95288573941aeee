#include "api/aigateway/usage.h"

#include <charconv>
#include <map>

#include <fmt/format.h>

#include "api/admin/detail/fields.h"
#include "api/money_view.h"
#include "base/json.h"
#include "base/money.h"
#include "base/time.h"
#include "records/usage.h"

namespace aig::api {
using records::UsageBy;
namespace {

constexpr int64_t day_us = 86'400'000'000, most_days = 366, most_rows = 1'000;

constexpr std::pair<std::string_view, UsageBy> groupings[] = {{"day", UsageBy::day},
                                                              {"model", UsageBy::model},
                                                              {"key", UsageBy::key},
                                                              {"tag", UsageBy::tag},
                                                              {"sub_account", UsageBy::sub_account}};
constexpr char key_names[] = "SELECT id, name, shown FROM api_key WHERE account_id = ? ORDER BY id DESC LIMIT 10000";
constexpr char sub_account_of[] = "SELECT id FROM sub_account WHERE id = ? AND account_id = ?";
constexpr char sub_account_names[] =
    "SELECT id, name, external_ref FROM sub_account WHERE account_id = ? ORDER BY id DESC LIMIT 10000";

struct Name {
    std::string name, second;
};
/// What is read for one answer; shared with the reader's thread, which may outlive the task.
struct Answer {
    records::UsageReport report;
    std::map<int64_t, Name> names;
};

Status read_names(store::Db& db, const char* sql, AccountId account, std::map<int64_t, Name>& out) {
    auto q = db.query(sql);
    q.bind(account.value);
    for (;;) {
        TRY(const bool row, q.step());
        if (!row) return {};
        out[q.integer(0)] = {std::string(q.text(1)), std::string(q.text(2))};
    }
}

/// Deleted ones too: their calls stay in the reports.
Status is_of(store::Db& db, SubAccountId id, AccountId account) {
    auto q = db.query(sub_account_of);
    q.bind(id.value).bind(account.value);
    TRY(const bool row, q.step());
    if (row) return {};
    return Error(ErrorCode::resource_not_found, fmt::format("There is no sub-account '{}'.", to_text(id)))
        .param("sub_account_id");
}

Status read_answer(store::Db& db, const records::UsageQuery& query, Answer& out) {
    TRY(out.report, records::usage(db, query));
    if (query.by == UsageBy::key) return read_names(db, key_names, query.account, out.names);
    if (query.by == UsageBy::sub_account) return read_names(db, sub_account_names, query.account, out.names);
    return {};
}

void text_or_null(JsonWriter& w, std::string_view name, std::string_view text) {
    text.empty() ? w.field_null(name) : w.field(name, text);
}

/// `label` is always a text: the command line of one of the services prints it as it is.
void write_label(JsonWriter& w, UsageBy by, const records::UsageRow& r, const std::map<int64_t, Name>& names) {
    const auto at = names.find(r.id);
    const Name name = at == names.end() ? Name{} : at->second;
    switch (by) {
        case UsageBy::day:
            w.field("label", r.name).field("date", r.name);
            break;
        case UsageBy::model:
            w.field("label", r.name).field("model", r.name);
            break;
        case UsageBy::tag:
            w.field("label", r.name.empty() ? "(untagged)" : std::string_view(r.name));
            text_or_null(w, "tag", r.name);
            break;
        case UsageBy::key:
            w.field("label", name.name.empty() ? name.second : name.name).field("key_id", to_text(KeyId{r.id}));
            w.field("name", name.name).field("key", name.second);
            break;
        case UsageBy::sub_account:
            w.field("label", r.id ? name.name : "(none)");
            text_or_null(w, "sub_account_id", r.id ? to_text(SubAccountId{r.id}) : "");
            text_or_null(w, "external_ref", name.second);
            break;
    }
}

void write_spend(JsonWriter& w, const records::Spend& s, const Display& d) {
    w.field("requests", s.calls).field_raw("cost_cents", cents_number(s.cost_nanos));
    w.field_raw("cost", shown_charge(s.cost_nanos, d));
    w.field("prompt_tokens", s.input).field("completion_tokens", s.output);
}

/// The whole month that a range is, "" for another range.
std::string month_of(const DayRange& days) {
    const std::string month = utc_month(days.first * day_us);
    const auto whole = records::parse_month(month);
    return whole && whole->first == days.first && whole->second == days.last ? month : "";
}

std::string usage_json(const Request& request, const records::UsageQuery& query, const Answer& a) {
    const Display& d = display_for(request.services, request.key_prefix);
    std::string out;
    JsonWriter w(out);
    w.begin_object().field("object", "list");
    for (const auto& [name, by] : groupings)
        if (by == query.by) w.field("group_by", name);
    text_or_null(w, "month", month_of({query.first_day, query.last_day}));
    w.field("from", utc_day(query.first_day * day_us)).field("to", utc_day(query.last_day * day_us));
    w.field("currency", d.currency).key("data").begin_array();
    for (const auto& row : a.report.rows) {
        w.begin_object();
        write_label(w, query.by, row, a.names);
        write_spend(w, row.spend, d);
        w.end_object();
    }
    w.end_array().field("has_more", a.report.more);
    w.field("total_requests", a.report.total.calls)
        .field_raw("total_cost_cents", cents_number(a.report.total.cost_nanos))
        .field_raw("total_cost", shown_charge(a.report.total.cost_nanos, d))
        .end_object();
    return out;
}

/// `of`: a sub-account that an owner asks for by its id; 0 = what the key may see.
rt::Task<Status> answer_usage(Request& request, UsageBy by, SubAccountId of = {}) {
    const auto query_text = request.http.head().query;
    CO_TRY(const auto days, asked_days(query_text, request.started_us));
    records::UsageQuery query;
    CO_TRY(query.limit, asked_limit(query_text, most_rows, most_rows));
    query.account = request.principal->account;
    query.sub_account = of ? of : request.principal->sub_account;
    query.first_day = days.first;
    query.last_day = days.last;
    query.by = by;
    auto answer = std::make_shared<Answer>();
    std::function<Status(store::Db&)> read = [answer, query, of](store::Db& db) -> Status {
        if (of) TRYV(is_of(db, of, query.account));
        return read_answer(db, query, *answer);
    };
    CO_TRYV(co_await request.services.store->read(std::move(read)));
    auto sent = co_await reply_json(request, 200, usage_json(request, query, *answer));
    co_return sent;
}

void write_call(JsonWriter& w, const records::CallRecord& c) {
    w.begin_object().field("request_id", c.request_id).field("correlation_id", c.correlation_id);
    w.field("model", c.model).field("operation", c.operation).field("status", c.status);
    text_or_null(w, "error", c.error_code);
    w.field("latency_ms", c.duration_us / 1000).field("streamed", c.streamed);
    w.field_raw("cost_cents", cents_number(c.cost_nanos));
    text_or_null(w, "tag", c.tag);
    w.field("prompt_tokens", c.input + c.cached_input + c.cache_write).field("cached_tokens", c.cached_input);
    w.field("completion_tokens", c.output + c.reasoning).field("estimated", c.estimated);
    w.field("key_id", to_text(c.key));
    text_or_null(w, "sub_account_id", c.sub_account ? to_text(c.sub_account) : "");
    w.field("created_at", iso_utc(c.started_us)).end_object();
}

Error no_range(std::string message, std::string param) {
    return Error(ErrorCode::bad_param, std::move(message)).param(std::move(param));
}

rt::Task<Status> refuse(Error error) { co_return error; }

Result<DayRange> window(std::string_view text, int64_t today) {
    int64_t days = 0;
    const bool in_days = text.ends_with('d');
    const auto number = text.substr(0, text.size() - in_days);
    const auto [end, bad] = std::from_chars(number.data(), number.data() + number.size(), days);
    if (!in_days || bad != std::errc{} || end != number.data() + number.size() || days < 1 || days > most_days)
        return no_range(fmt::format("window is written as in 30d, at most {}d", most_days), "window");
    return DayRange{today - days + 1, today};
}

Result<DayRange> between(const std::string& from, const std::string& to, int64_t today) {
    const auto day = [](const std::string& text, std::string_view name) -> Result<int64_t> {
        auto parsed = records::parse_day(text);
        if (!parsed) return no_range(parsed.error().message(), std::string(name));
        return *parsed;
    };
    DayRange range{today, today};
    if (!to.empty()) {
        TRY(range.last, day(to, "to"));
    }
    range.first = range.last - 29;
    if (!from.empty()) {
        TRY(range.first, day(from, "from"));
    }
    if (range.first > range.last) return no_range("from is after to", "from");
    if (range.last - range.first >= most_days)
        return no_range(fmt::format("at most {} days can be asked for at once", most_days), "from");
    return range;
}
}  // namespace

Result<DayRange> asked_days(std::string_view query, int64_t now_us) {
    const auto month = net::query_value(query, "month"), from = net::query_value(query, "from"),
               to = net::query_value(query, "to"), wide = net::query_value(query, "window");
    const int64_t today = now_us / day_us;
    const bool range = !from.empty() || !to.empty();
    if (int{!month.empty()} + int{range} + int{!wide.empty()} > 1)
        return no_range("send month, from and to, or window: one of them", month.empty() ? "window" : "month");
    if (range) return between(from, to, today);
    if (!wide.empty()) return window(wide, today);
    const auto days = records::parse_month(month.empty() ? utc_month(now_us) : month);
    if (!days) return no_range(days.error().message(), "month");
    return DayRange{days->first, days->second};
}

Result<int64_t> asked_limit(std::string_view query, int64_t fallback, int64_t most) {
    const auto text = net::query_value(query, "limit");
    if (text.empty()) return fallback;
    int64_t limit = 0;
    const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), limit);
    if (bad != std::errc{} || end != text.data() + text.size() || limit < 1 || limit > most)
        return no_range(fmt::format("limit is a whole number from 1 to {}", most), "limit");
    return limit;
}

namespace {
Result<UsageBy> asked_grouping(const Request& request) {
    const auto asked = net::query_value(request.http.head().query, "group_by");
    std::string words;
    for (const auto& [name, by] : groupings) {
        if (asked == name || (asked.empty() && by == UsageBy::day)) return by;
        words.append(words.empty() ? "" : ", ").append(name);
    }
    return no_range("group_by must be one of " + words, "group_by");
}
}  // namespace

rt::Task<Status> usage(Request& request) {
    const auto by = asked_grouping(request);
    return by ? answer_usage(request, *by) : refuse(by.error());
}
rt::Task<Status> sub_account_usage(Request& request) {
    if (request.principal->sub_account)
        return refuse(Error(ErrorCode::scope_denied, "A sub-account's key sees its own usage at /v1/usage."));
    const auto id = path_id("sub_", request.arg);
    if (!id) return refuse(id.error());
    const auto by = asked_grouping(request);
    return by ? answer_usage(request, *by, SubAccountId{*id}) : refuse(by.error());
}
rt::Task<Status> usage_by_tag(Request& request) { return answer_usage(request, UsageBy::tag); }
rt::Task<Status> usage_by_sub_account(Request& request) { return answer_usage(request, UsageBy::sub_account); }
rt::Task<Status> usage_by_day(Request& request) { return answer_usage(request, UsageBy::day); }

rt::Task<Status> usage_recent(Request& request) {
    CO_TRY(const int64_t limit, asked_limit(request.http.head().query, 100, most_rows));
    auto calls = std::make_shared<std::vector<records::CallRecord>>();
    const auto principal = request.principal;
    std::function<Status(store::Db&)> read = [calls, principal, limit](store::Db& db) -> Status {
        TRY(*calls, records::recent(db, principal->account, limit, principal->sub_account));
        return {};
    };
    CO_TRYV(co_await request.services.store->read(std::move(read)));
    std::string out;
    JsonWriter w(out);
    w.begin_object().field("object", "list").key("data").begin_array();
    for (const auto& c : *calls) write_call(w, c);
    w.end_array().end_object();
    auto sent = co_await reply_json(request, 200, std::move(out));
    co_return sent;
}

}  // namespace aig::api
