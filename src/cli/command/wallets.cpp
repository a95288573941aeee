// Operator commands on wallets.
#include <fmt/format.h>

#include "cli/detail/builders.h"
#include "cli/detail/http.h"
#include "cli/detail/operator.h"

namespace aig::cli {
Action build_wallet_credit(Spec& spec) {
    struct Options : Operator {
        std::string account, amount, ref, memo;
    };
    auto o = std::make_shared<Options>();
    spec.needed("--account", "ID", o->account, "whose wallet");
    spec.needed("--amount", "D", o->amount, "how much, in the wallet's currency, at most nine decimal places");
    spec.text("--ref", "R", o->ref, "an outside name of this payment; the same one credits once");
    spec.text("--memo", "M", o->memo, "a note for the books");
    operator_options(spec, *o);
    return [o](const Context& c) {
        std::string body;
        JsonWriter w(body);
        w.begin_object().field("amount", o->amount);
        if (!o->ref.empty()) w.field("ref", o->ref);
        if (!o->memo.empty()) w.field("memo", o->memo);
        w.end_object();
        return ask_and_print(
            c, *o, {"POST", fmt::format("/admin/accounts/{}/credit", percent_encode(o->account)), "", std::move(body)},
            [&](JsonRef r) { say_wallet(c.out, r); });
    };
}

Action build_wallet_show(Spec& spec) {
    struct Options : Operator {
        std::string account;
    };
    auto o = std::make_shared<Options>();
    spec.needed("--account", "ID", o->account, "whose wallet");
    operator_options(spec, *o);
    return [o](const Context& c) {
        return ask_and_print(c, *o,
                             {"GET", fmt::format("/admin/accounts/{}/wallet", percent_encode(o->account)), "", ""},
                             [&](JsonRef r) { say_wallet(c.out, r); });
    };
}

}  // namespace aig::cli
