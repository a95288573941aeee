// `aig usage`: what an account's calls cost, as a table or as it came. `aig tail`: its newest calls, and the next ones
// as they come.
#include <fmt/format.h>

#include <iostream>
#include <set>

#include "base/json.h"
#include "base/money.h"
#include "cli/detail/account.h"
#include "cli/detail/builders.h"
#include "cli/detail/http.h"
#include "cli/detail/operator.h"
#include "rt/loop.h"

namespace aig::cli {
namespace {

struct UsageOptions {
    Account account;
    std::string by = "day", month, from, to, window;
    bool json = false;
};
struct TailOptions {
    Account account;
    std::optional<int64_t> lines;
    bool follow = true, json = false;
};

Result<std::string> get(const Account& account, const std::string& target) {
    TRY(auto reply, http_call({.base_url = account.url, .target = target, .bearer = account.key}));
    if (reply.status != 200) return gateway_error(reply.status, reply.body);
    return std::move(reply.body);
}

/// Cents of the reply in whole units, nine places: what the ledger has, to the nano.
std::string amount(JsonRef cents) {
    const auto nanos = parse_decimal(cents.raw(), 7, "cost_cents");
    return nanos ? dollars(*nanos) : std::string(cents.raw());
}

Status usage(const Context& context, const UsageOptions& o) {
    TRY(const Account account, find_account(context, o.account, true));
    std::string target = "/v1/usage?group_by=" + percent_encode(o.by == "sub-account" ? "sub_account" : o.by);
    for (const auto& [name, value] :
         {std::pair("month", &o.month), {"from", &o.from}, {"to", &o.to}, {"window", &o.window}})
        if (!value->empty()) target += fmt::format("&{}={}", name, percent_encode(*value));
    TRY(const std::string body, get(account, target));
    if (o.json) {
        context.out << body << "\n";
        return {};
    }
    TRY(const auto doc, JsonDoc::parse(body));
    const auto r = doc.root();
    std::vector<std::vector<std::string>> rows{{std::string(o.by), "requests", "cost", "input", "output"}};
    for (const JsonRef row : r["data"])
        rows.push_back({cell(row["label"]), cell(row["requests"]), amount(row["cost_cents"]),
                        cell(row["prompt_tokens"]), cell(row["completion_tokens"])});
    rows.push_back({"total", cell(r["total_requests"]), amount(r["total_cost_cents"]), "", ""});
    print_table(context.out, rows);
    if (r["has_more"].boolean()) context.err << "Not all rows are shown; the total counts all.\n";
    return {};
}

std::string call_line(JsonRef c) {
    return fmt::format("{}  {:>3}  {:>6} ms  {:>13}  {}  {}  {}", c["created_at"].text(), c["status"].raw(),
                       c["latency_ms"].raw(), amount(c["cost_cents"]), cell(c["model"]), cell(c["tag"]),
                       c["request_id"].text());
}

/// Prints what was not printed before, oldest first. `seen` keeps a page of ids; what is older than all of it is
/// history.
Status print_new(const Context& context, const TailOptions& o, std::string_view body, std::set<std::string>& seen) {
    TRY(const auto doc, JsonDoc::parse(body));
    std::vector<JsonRef> fresh;
    std::set<std::string> page;
    for (const JsonRef c : doc.root()["data"]) {
        std::string id(c["request_id"].text());
        // Ids are ordered in time; one call may end before another that began earlier.
        if (!seen.contains(id) && (seen.empty() || id > *seen.begin())) fresh.push_back(c);
        page.insert(std::move(id));
    }
    for (auto c = fresh.rbegin(); c != fresh.rend(); ++c)
        context.out << (o.json ? std::string((*c).raw()) : call_line(*c)) << "\n";
    context.out << std::flush;
    for (auto& id : page) seen.insert(id);
    while (seen.size() > 2'000) seen.erase(seen.begin());
    return {};
}

rt::Task<> a_second(rt::Loop& loop) {
    co_await loop.sleep_ms(1'000);
    loop.stop();
}
void wait_a_second() {
    rt::Loop loop;
    loop.spawn([&loop] { return a_second(loop); });
    loop.run();
}

Status tail(const Context& context, const TailOptions& o) {
    TRY(const Account account, find_account(context, o.account, true));
    std::set<std::string> seen;
    TRY(const std::string first, get(account, fmt::format("/v1/usage/recent?limit={}", o.lines.value_or(20))));
    TRYV(print_new(context, o, first, seen));
    while (o.follow && context.out) {
        wait_a_second();
        TRY(const std::string next, get(account, "/v1/usage/recent?limit=1000"));
        TRYV(print_new(context, o, next, seen));
    }
    return {};
}
}  // namespace

Action build_usage(Spec& spec) {
    auto o = std::make_shared<UsageOptions>();
    spec.text("--by", "WHAT", o->by, "sum by day, model, key, tag or sub-account (day)");
    spec.text("--month", "YYYY-MM", o->month, "a UTC month (the current one)");
    spec.text("--from", "YYYY-MM-DD", o->from, "the first UTC day");
    spec.text("--to", "YYYY-MM-DD", o->to, "the last UTC day, included (today)");
    spec.text("--window", "Nd", o->window, "the last N days, today included");
    spec.toggle("--json", o->json, "print the gateway's answer as it is");
    account_options(spec, o->account);
    return [o](const Context& c) {
        const auto done = usage(c, *o);
        return done ? exit_ok : fail(c, done.error());
    };
}

Action build_tail(Spec& spec) {
    auto o = std::make_shared<TailOptions>();
    spec.whole("--lines", o->lines, 1, 1'000, "how many calls to begin with (20)");
    spec.toggle("--follow,!--no-follow", o->follow, "go on with new calls as they come (on)");
    spec.toggle("--json", o->json, "one JSON object a line");
    account_options(spec, o->account);
    return [o](const Context& c) {
        const auto done = tail(c, *o);
        return done ? exit_ok : fail(c, done.error());
    };
}

}  // namespace aig::cli
