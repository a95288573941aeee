// aig ledger statement: an account's signed statement of a day.
#include <fmt/format.h>

#include "cli/detail/builders.h"
#include "cli/detail/http.h"
#include "cli/detail/operator.h"

namespace aig::cli {
namespace {

void say(std::ostream& out, JsonRef reply, JsonRef text) {
    const auto currency = text["currency"].text();
    out << fmt::format("{} of {}, {}\n", text["day"].text(), text["account_id"].text(), currency);
    out << fmt::format("opening  {}\n", text["opening"].text());
    for (const JsonRef e : text["entries"])
        out << fmt::format("  {} x {}  {}\n", e["count"].raw(), e["kind"].text(), e["amount"].text());
    out << fmt::format("closing  {}\n", text["closing"].text());
    out << fmt::format("chain    entry {} {}\n", text["last_entry"].raw(), text["chain_head"].text());
    out << fmt::format("signed   {}\nby       {}\n", reply["signature"].text(), reply["public_key"].text());
}
}  // namespace

Action build_ledger_statement(Spec& spec) {
    struct Options : Operator {
        std::string account, day;
    };
    auto o = std::make_shared<Options>();
    spec.needed("--account", "ID", o->account, "whose");
    spec.needed("--day", "D", o->day, "a UTC day that has ended, like 2026-11-21");
    operator_options(spec, *o);
    return [o](const Context& c) {
        auto reply = ask(c, *o,
                         {"GET", fmt::format("/admin/accounts/{}/statement", percent_encode(o->account)),
                          "day=" + percent_encode(o->day), ""});
        if (!reply) return fail(c, reply.error());
        auto doc = JsonDoc::parse(*reply);
        if (!doc) return fail(c, doc.error());
        const bool ok = doc->root()["ok"].boolean();
        if (o->json) {
            c.out << *reply << "\n";
            return ok ? exit_ok : exit_failed;
        }
        auto text = JsonDoc::parse(doc->root()["text"].text());
        if (!text) return fail(c, text.error());
        say(c.out, doc->root(), text->root());
        c.out << (ok ? std::string("ok: the books say the same, the signature fits\n")
                     : fmt::format("NOT OK: {}\n", doc->root()["fault"].text()));
        return ok ? exit_ok : exit_failed;
    };
}

}  // namespace aig::cli
