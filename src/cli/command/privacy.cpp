// Operator commands on what an account may ask for, and on what rests sealed.
#include <fmt/format.h>

#include "cli/detail/builders.h"
#include "cli/detail/http.h"
#include "cli/detail/operator.h"

namespace aig::cli {
namespace {
struct OneAccount : Operator {
    std::string account;
    bool force = false;
};

/// Writes one part as a JSON array, a page at a time.
Status export_part(const Context& c, const OneAccount& o, const std::string& path, std::string_view part) {
    c.out << fmt::format("\"{}\":[", part);
    std::string after = "0", separator;
    do {
        TRY(const auto reply, ask(c, o, {"GET", path, fmt::format("part={}&after={}&limit=1000", part, after), ""}));
        TRY(const auto doc, JsonDoc::parse(reply));
        for (const JsonRef item : doc.root()["items"]) {
            c.out << separator << item.raw();
            separator = ",\n";
        }
        const auto next = doc.root()["next"];
        after = next.is_null() ? "" : std::string(next.raw());
    } while (!after.empty());
    c.out << "]";
    return {};
}

Status export_all(const Context& c, const OneAccount& o) {
    const auto path = fmt::format("/admin/accounts/{}/export", percent_encode(o.account));
    TRY(const auto reply, ask(c, o, {"GET", path, "", ""}));
    TRY(const auto doc, JsonDoc::parse(reply));
    std::string separator = "{";
    for (const JsonRef part : doc.root()["parts"]) {
        c.out << separator;
        separator = ",\n";
        TRYV(export_part(c, o, path, part.text()));
    }
    c.out << "}\n";
    return {};
}
}  // namespace

Action build_account_export(Spec& spec) {
    auto o = std::make_shared<OneAccount>();
    spec.needed("--account", "ID", o->account, "the account");
    operator_options(spec, *o);
    return [o](const Context& c) {
        const auto done = export_all(c, *o);
        return done ? exit_ok : fail(c, done.error());
    };
}

Action build_account_erase(Spec& spec) {
    auto o = std::make_shared<OneAccount>();
    spec.needed("--account", "ID", o->account, "the account; it cannot be brought back");
    spec.toggle("--force", o->force, "although its wallet still holds money");
    operator_options(spec, *o);
    return [o](const Context& c) {
        std::string body;
        JsonWriter(body).begin_object().field("confirm", o->account).field("force", o->force).end_object();
        return ask_and_print(
            c, *o, {"POST", fmt::format("/admin/accounts/{}/erase", percent_encode(o->account)), "", std::move(body)},
            [&](JsonRef r) {
                c.out << fmt::format("Account {} is erased. Its calls and money stay in the books, without a name.\n",
                                     r["account_id"].text());
            });
    };
}

Action build_secret_rotate(Spec& spec) {
    auto o = std::make_shared<Operator>();
    operator_options(spec, *o);
    return [o](const Context& c) {
        return ask_and_print(c, *o, {"POST", "/admin/secrets/rotate", "", ""}, [&](JsonRef) {
            c.out << "The secret key is rotated; older copies of secret.key open nothing any more. Back up the new "
                     "one.\n";
        });
    };
}

}  // namespace aig::cli
