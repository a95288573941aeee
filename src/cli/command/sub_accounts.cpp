// `aig sub-account …`: client commands, with the caller's own key.
#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "cli/detail/account.h"
#include "cli/detail/builders.h"
#include "cli/detail/http.h"
#include "cli/detail/operator.h"

namespace aig::cli {
namespace {
struct Options {
    Account account;
    std::string id, name, external_ref, cap, rpm, tpm, concurrency, tag, models;
    std::optional<int64_t> overlap;
    bool json = false;
};

std::shared_ptr<Options> common(Spec& spec, bool with_id) {
    auto o = std::make_shared<Options>();
    if (with_id) spec.needed("--id", "ID", o->id, "the sub-account (aig sub-account list)");
    spec.toggle("--json", o->json, "print the gateway's answer as it is");
    account_options(spec, o->account);
    return o;
}

void term_options(Spec& spec, Options& o, bool is_new) {
    if (is_new)
        spec.needed("--name", "N", o.name, "what to call it");
    else
        spec.text("--name", "N", o.name, "what to call it");
    spec.text("--external-ref", "R", o.external_ref, "your own name for it");
    spec.text("--spend-cap-cents", "C", o.cap, "what it may spend in a calendar month, UTC (no cap)");
    spec.text("--rpm", "N", o.rpm, "requests a minute (no limit)");
    spec.text("--tpm", "N", o.tpm, "tokens a minute (no limit)");
    spec.text("--concurrency", "N", o.concurrency, "calls at a time (no limit)");
    spec.text("--default-tag", "T", o.tag, "tag of its calls in reports");
    spec.text("--models", "A,B", o.models, "the only models it may use (all)");
}

bool number(std::string_view text) {
    return !text.empty() && text.size() < 30 &&
           std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
}

std::string body_of(const Options& o) {
    std::string body;
    JsonWriter w(body);
    w.begin_object();
    for (const auto& [name, value] : {std::pair{"name", &o.name},
                                      {"external_ref", &o.external_ref},
                                      {"spend_cap_cents", &o.cap},
                                      {"rate_limit_rpm", &o.rpm},
                                      {"rate_limit_tpm", &o.tpm},
                                      {"concurrency", &o.concurrency},
                                      {"default_tag", &o.tag}}) {
        if (value->empty()) continue;
        const bool text = value == &o.name || value == &o.external_ref || value == &o.tag;
        if (*value == "none")
            w.field_null(name);
        else if (!text && number(*value) && value != &o.cap)
            w.field_raw(name, *value);
        else
            w.field(name, *value);
    }
    if (o.models == "none") w.field_null("allowed_models");
    if (!o.models.empty() && o.models != "none") {
        w.key("allowed_models").begin_array();
        for (std::string_view rest = o.models;;) {
            const auto comma = rest.find(',');
            w.string(rest.substr(0, comma));
            if (comma == std::string_view::npos) break;
            rest.remove_prefix(comma + 1);
        }
        w.end_array();
    }
    w.end_object();
    return body;
}

/// One call with the caller's key; prints the reply as it is with --json, else what `say` makes of it.
int call(const Context& c, const Options& o, std::string method, std::string target, std::string body,
         const std::function<void(JsonRef)>& say) {
    auto account = find_account(c, o.account, true);
    if (!account) return fail(c, account.error());
    auto reply = http_call({.method = std::move(method),
                            .base_url = account->url,
                            .target = std::move(target),
                            .bearer = account->key,
                            .body = std::move(body)});
    if (!reply) return fail(c, reply.error());
    if (reply->status < 200 || reply->status > 299) return fail(c, gateway_error(reply->status, reply->body));
    auto doc = JsonDoc::parse(reply->body);
    if (!doc) return fail(c, Error(ErrorCode::upstream_garbage, "The answer is not JSON: is this an aig gateway?"));
    if (o.json)
        c.out << reply->body << "\n";
    else
        say(doc->root());
    return exit_ok;
}

std::string path_of(const Options& o) { return "/v1/sub-accounts/" + percent_encode(o.id); }

void say_one(std::ostream& out, JsonRef s) {
    for (const char* name : {"id", "name", "external_ref", "spend_cap_cents", "spent_cents", "rate_limit_rpm",
                             "rate_limit_tpm", "concurrency", "default_tag", "key_id", "key_prefix"})
        out << fmt::format("{:<16} {}\n", name, cell(s[name]));
}

void say_key(const Context& c, JsonRef r) {
    c.out << r["key"].text() << "\n";
    c.err << fmt::format("This is the key of sub-account {}. It is shown only now: keep it.\n", r["id"].text());
}
}  // namespace

Action build_sub_account_create(Spec& spec) {
    auto o = common(spec, false);
    term_options(spec, *o, true);
    return [o](const Context& c) {
        return call(c, *o, "POST", "/v1/sub-accounts", body_of(*o), [&](JsonRef r) { say_key(c, r); });
    };
}

Action build_sub_account_list(Spec& spec) {
    auto o = common(spec, false);
    return [o](const Context& c) {
        std::vector<std::vector<std::string>> rows{
            {"id", "name", "external_ref", "spend_cap_cents", "spent_cents", "rate_limit_rpm", "key_prefix"}};
        std::string next, target = "/v1/sub-accounts?limit=1000";
        while (true) {
            next.clear();
            const int code = call(c, *o, "GET", target, "", [&](JsonRef r) {
                for (const JsonRef s : r["data"]) {
                    std::vector<std::string> row;
                    for (const auto& column : rows.front()) row.push_back(cell(s[column]));
                    rows.push_back(std::move(row));
                }
                next = r["next"].text();
            });
            if (code != exit_ok || o->json) return code;
            if (next.empty()) break;
            target = "/v1/sub-accounts?limit=1000&after=" + percent_encode(next);
        }
        print_table(c.out, rows);
        return exit_ok;
    };
}

Action build_sub_account_show(Spec& spec) {
    auto o = common(spec, true);
    return [o](const Context& c) { return call(c, *o, "GET", path_of(*o), "", [&](JsonRef r) { say_one(c.out, r); }); };
}

Action build_sub_account_update(Spec& spec) {
    auto o = common(spec, true);
    term_options(spec, *o, false);
    return [o](const Context& c) {
        return call(c, *o, "PATCH", path_of(*o), body_of(*o), [&](JsonRef r) { say_one(c.out, r); });
    };
}

Action build_sub_account_rotate(Spec& spec) {
    auto o = common(spec, true);
    spec.whole("--overlap-s", o->overlap, 0, 30 * 86'400, "seconds that the old key still works (0)");
    return [o](const Context& c) {
        return call(c, *o, "POST", path_of(*o) + "/rotate",
                    fmt::format(R"({{"overlap_s":{}}})", o->overlap.value_or(0)), [&](JsonRef r) { say_key(c, r); });
    };
}

Action build_sub_account_delete(Spec& spec) {
    auto o = common(spec, true);
    return [o](const Context& c) {
        return call(c, *o, "DELETE", path_of(*o), "", [&](JsonRef r) {
            c.out << fmt::format("Sub-account {} and its keys have ended.\n", r["id"].text());
        });
    };
}

}  // namespace aig::cli
