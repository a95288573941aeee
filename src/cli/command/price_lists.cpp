// Operator commands on accounts' price lists. A list is one document and is replaced whole, as the admin API does it.
#include <fmt/format.h>

#include <fstream>
#include <iterator>

#include "cli/detail/builders.h"
#include "cli/detail/http.h"
#include "cli/detail/operator.h"

namespace aig::cli {
namespace {
constexpr size_t max_models_file = 1 << 20;

struct Named : Operator {
    std::string name, account, percent_off, models_file;
};

/// The text of FILE, or of standard input for "-": one JSON object.
Result<std::string> object_in(const std::string& file, std::istream& in) {
    std::ifstream opened;
    if (file != "-") opened.open(file, std::ios::binary);
    if (file != "-" && !opened) return Error(ErrorCode::bad_param, fmt::format("{}: cannot be read", file));
    std::istream& from = file == "-" ? in : opened;
    std::string text;
    for (std::istreambuf_iterator<char> at(from), end; at != end && text.size() <= max_models_file; ++at) text += *at;
    if (text.size() > max_models_file)
        return Error(ErrorCode::bad_param, fmt::format("{}: larger than {} bytes", file, max_models_file));
    const auto doc = JsonDoc::parse(text);
    if (!doc || !doc->root().is_object())
        return Error(ErrorCode::bad_param, fmt::format("{}: not one JSON object", file));
    return std::string(doc->root().raw());
}

Result<std::string> list_body(const Named& o, std::istream& in) {
    std::string body;
    JsonWriter w(body);
    w.begin_object().field("name", o.name);
    if (!o.percent_off.empty()) w.field("percent_off", o.percent_off);
    if (!o.models_file.empty()) {
        TRY(const auto models, object_in(o.models_file, in));
        w.field_raw("models", models);
    }
    w.end_object();
    return body;
}

std::string list_of_account(const std::string& account) {
    return fmt::format("/admin/accounts/{}/price-list", percent_encode(account));
}
void say_assigned(std::ostream& out, JsonRef r) {
    const auto list = r["price_list"];
    out << (list.is_null() ? fmt::format("{} pays the catalogue's prices.\n", r["account_id"].text())
                           : fmt::format("{} pays by the price list {}.\n", r["account_id"].text(), list.text()));
}
}  // namespace

Action build_prices_list(Spec& spec) {
    auto o = std::make_shared<Operator>();
    operator_options(spec, *o);
    return [o](const Context& c) {
        return print_table_of(c, *o, "/admin/price-lists", "price_lists", {"name", "updated_at", "price_list"});
    };
}

Action build_prices_set(Spec& spec) {
    auto o = std::make_shared<Named>();
    spec.needed("--name", "N", o->name, "the list; one of that name is replaced as a whole");
    spec.text("--percent-off", "P", o->percent_off, "so many percent off every model, one decimal place (0)");
    spec.text("--models", "FILE", o->models_file,
              R"(JSON, {"MODEL": {"percent_off": "10"} or {"price": {price keys}}}; - reads standard input)");
    operator_options(spec, *o);
    return [o](const Context& c) {
        auto body = list_body(*o, c.in);
        if (!body) return fail(c, body.error());
        return ask_and_print(c, *o, {"POST", "/admin/price-lists", "", *std::move(body)}, [&](JsonRef r) {
            c.out << fmt::format("The price list {} is set: {}\n", r["name"].text(), r["price_list"].raw());
        });
    };
}

Action build_prices_remove(Spec& spec) {
    auto o = std::make_shared<Named>();
    spec.needed("--name", "N", o->name, "the list; no account may have it");
    operator_options(spec, *o);
    return [o](const Context& c) {
        const auto path = fmt::format("/admin/price-lists/{}/remove", percent_encode(o->name));
        return ask_and_print(c, *o, {"POST", path, "", ""}, [&](JsonRef r) {
            c.out << fmt::format("The price list {} is removed.\n", r["name"].text());
        });
    };
}

Action build_prices_assign(Spec& spec) {
    auto o = std::make_shared<Named>();
    spec.needed("--account", "ID", o->account, "who pays by it, from the next call on");
    spec.text("--name", "N", o->name, "the list (none: the catalogue's prices again)");
    operator_options(spec, *o);
    return [o](const Context& c) {
        std::string body;
        JsonWriter(body).begin_object().field("price_list", o->name).end_object();
        return ask_and_print(c, *o, {"POST", list_of_account(o->account), "", std::move(body)},
                             [&](JsonRef r) { say_assigned(c.out, r); });
    };
}

Action build_prices_show(Spec& spec) {
    auto o = std::make_shared<Named>();
    spec.needed("--account", "ID", o->account, "whose list");
    operator_options(spec, *o);
    return [o](const Context& c) {
        return ask_and_print(c, *o, {"GET", list_of_account(o->account), "", ""},
                             [&](JsonRef r) { say_assigned(c.out, r); });
    };
}

}  // namespace aig::cli
