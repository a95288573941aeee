// `aig models`: what the gateway sells, as a table or as it came.
#include <fmt/format.h>

#include <iostream>

#include "base/json.h"
#include "base/money.h"
#include "cli/detail/account.h"
#include "cli/detail/builders.h"
#include "cli/detail/http.h"
#include "cli/detail/operator.h"

namespace aig::cli {
namespace {
struct ModelsOptions {
    Account account;
    std::string modality;
    bool json = false;
};

/// A number of the reply as plain text without an exponent; "-" where there is none.
std::string cell(JsonRef v) {
    if (v.is_null()) return "-";
    if (v.is_string()) return v.text().empty() ? "-" : std::string(v.text());
    auto nanos = parse_decimal(v.raw(), 9, "number");
    return nanos ? dollars_number(*nanos) : std::string(v.raw());
}

Status models(const Context& context, const ModelsOptions& o) {
    TRY(const Account account, find_account(context, o.account, false));
    const auto target = o.modality.empty() ? "/v1/models" : "/v1/models?modality=" + percent_encode(o.modality);
    TRY(const auto reply, http_call({.base_url = account.url, .target = target, .bearer = account.key}));
    if (reply.status != 200) return gateway_error(reply.status, reply.body);
    if (o.json) {
        context.out << reply.body << "\n";
        return {};
    }
    TRY(const auto doc, JsonDoc::parse(reply.body));
    std::vector<std::vector<std::string>> rows{
        {"model", "modality", "context", "input/M", "cached/M", "output/M", "request", "currency"}};
    for (const JsonRef m : doc.root()["data"]) {
        const auto p = m["pricing"];
        rows.push_back({cell(m["id"]), cell(m["modality"]), cell(m["context_window"]), cell(p["input_per_million"]),
                        cell(p["cached_input_per_million"]), cell(p["output_per_million"]), cell(p["request"]),
                        cell(p["currency"])});
    }
    print_table(context.out, rows);
    return {};
}
}  // namespace

Action build_models(Spec& spec) {
    auto o = std::make_shared<ModelsOptions>();
    spec.text("--modality", "M", o->modality, "only these: text, embedding, ... (all)");
    spec.toggle("--json", o->json, "print the gateway's answer as it is");
    account_options(spec, o->account);
    return [o](const Context& c) {
        const auto done = models(c, *o);
        return done ? exit_ok : fail(c, done.error());
    };
}

}  // namespace aig::cli
