// Operator commands on what was earned, on providers' invoices, and on whether the books agree.
#include <fmt/format.h>

#include <fstream>
#include <sstream>

#include "cli/detail/builders.h"
#include "cli/detail/http.h"
#include "cli/detail/operator.h"

namespace aig::cli {
namespace {
constexpr std::streamsize max_file = 32 << 20;

struct Range : Operator {
    std::string from, to;
    std::string query() const {
        std::string q;
        if (!from.empty()) q += "from=" + percent_encode(from);
        if (!to.empty()) q += (q.empty() ? "to=" : "&to=") + percent_encode(to);
        return q;
    }
};
void range_options(Spec& spec, Range& o) {
    spec.text("--from", "DAY", o.from, "the first day, UTC, such as 2026-11-01 (the first of this month)");
    spec.text("--to", "DAY", o.to, "the last day, included (today)");
}

std::vector<std::string> cells(JsonRef row, const std::vector<std::string>& columns) {
    std::vector<std::string> out;
    for (const auto& c : columns) out.push_back(cell(row[c]));
    return out;
}

void say_margin(std::ostream& out, JsonRef r) {
    std::vector<std::string> columns;
    for (const char* c : {"day", "model", "provider", "account_id"})
        if (r["rows"].size() > 0 && (*r["rows"].begin())[c]) columns.emplace_back(c);
    for (const char* c : {"currency", "calls", "failed", "charged", "overage", "charged_usd", "operator_cost_usd",
                          "operator_loss_usd", "margin_usd"})
        columns.emplace_back(c);
    std::vector<std::vector<std::string>> table{columns};
    for (const JsonRef row : r["rows"]) table.push_back(cells(row, columns));
    print_table(out, table);
    const auto t = r["total"];
    out << fmt::format(
        "{} to {}: {} calls, {} failed; charged {} USD, cost {} USD (lost on failed calls {}), margin {} USD\n",
        r["from"].text(), r["to"].text(), t["calls"].raw(), t["failed"].raw(), t["charged_usd"].text(),
        t["operator_cost_usd"].text(), t["operator_loss_usd"].text(), t["margin_usd"].text());
    if (t["without_rate"].integer().value_or(0) > 0)
        out << fmt::format("{} calls in another currency have no USD amount and are left out of it.\n",
                           t["without_rate"].raw());
}

void say_invoice(std::ostream& out, JsonRef r) {
    std::vector<std::vector<std::string>> table{{"day", "provider", "model", "their_calls", "our_calls", "their_units",
                                                 "our_units", "their_cost_usd", "our_cost_usd", "agrees"}};
    for (const JsonRef row : r["rows"]) {
        const auto t = row["theirs"], o = row["ours"];
        table.push_back({cell(row["day"]), cell(row["provider"]), cell(row["model"]), cell(t["calls"]),
                         cell(o["calls"]), cell(t["units"]), cell(o["units"]), cell(t["cost_usd"]), cell(o["cost_usd"]),
                         row["agrees"].boolean() ? "yes" : "NO"});
    }
    print_table(out, table);
    std::vector<std::vector<std::string>> requests{
        {"request_id", "what", "their_units", "our_units", "their_cost_usd", "our_cost_usd"}};
    for (const JsonRef row : r["requests"]) requests.push_back(cells(row, requests[0]));
    if (requests.size() > 1) print_table(out, requests);
    out << fmt::format("invoice {}: {} lines, {}, {} requests differ\n", cell(r["invoice_id"]), r["lines"].raw(),
                       r["agrees"].boolean() ? "agrees" : "DOES NOT AGREE", r["request_differences"].raw());
}

/// Asks, prints, and gives exit_failed when the member `ok` of the reply says that books differ.
int ask_and_judge(const Context& c, const Operator& o, AdminRequest request, std::string_view ok,
                  const std::function<void(JsonRef)>& say) {
    bool good = false;
    auto reply = ask(c, o, std::move(request));
    if (!reply) return fail(c, reply.error());
    auto doc = JsonDoc::parse(*reply);
    if (!doc) return fail(c, doc.error());
    good = doc->root()[ok].boolean();
    if (o.json)
        c.out << *reply << "\n";
    else
        say(doc->root());
    return good ? exit_ok : exit_failed;
}

Result<std::string> file_text(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    if (!in || !text) return Error(ErrorCode::bad_param, fmt::format("{} cannot be read.", path)).param("--file");
    auto s = std::move(text).str();
    if (static_cast<std::streamsize>(s.size()) > max_file)
        return Error(ErrorCode::bad_param,
                     fmt::format("{} is longer than {} bytes: import it in parts.", path, max_file))
            .param("--file");
    return s;
}
}  // namespace

Action build_report_margin(Spec& spec) {
    struct Options : Range {
        std::string by;
    };
    auto o = std::make_shared<Options>();
    range_options(spec, *o);
    spec.text("--by", "A,B", o->by, "split by day, model, provider, account, or none (day,model)");
    operator_options(spec, *o);
    return [o](const Context& c) {
        auto query = o->query();
        if (!o->by.empty()) query += (query.empty() ? "by=" : "&by=") + percent_encode(o->by);
        return ask_and_print(c, *o, {"GET", "/admin/reports/margin", query, ""},
                             [&](JsonRef r) { say_margin(c.out, r); });
    };
}

Action build_ledger_recon(Spec& spec) {
    auto o = std::make_shared<Range>();
    range_options(spec, *o);
    operator_options(spec, *o);
    return [o](const Context& c) {
        return ask_and_judge(c, *o, {"GET", "/admin/ledger/recon", o->query(), ""}, "ok", [&](JsonRef r) {
            std::vector<std::vector<std::string>> table{{"request_id", "what", "log", "ledger"}};
            for (const JsonRef row : r["requests"]) table.push_back(cells(row, table[0]));
            if (table.size() > 1) print_table(c.out, table);
            c.out << fmt::format("{}: {} calls in the log, {} holds resolved in the ledger, {} differences\n",
                                 r["ok"].boolean() ? "ok" : "NOT OK", r["calls"].raw(), r["resolved"].raw(),
                                 r["differences"].raw());
        });
    };
}

Action build_invoice_import(Spec& spec) {
    struct Options : Operator {
        std::string file, invoice, provider;
    };
    auto o = std::make_shared<Options>();
    spec.needed("--file", "FILE", o->file,
                "CSV with a heading (date,provider,model,request_id,units,cost) or JSON lines");
    spec.needed("--invoice-id", "I", o->invoice, "the provider's number of it; the same one is stored once");
    spec.text("--provider", "P", o->provider, "whose, for lines that do not say it");
    operator_options(spec, *o);
    return [o](const Context& c) {
        auto text = file_text(o->file);
        if (!text) return fail(c, text.error());
        std::string body;
        JsonWriter w(body);
        w.begin_object().field("invoice_id", o->invoice).field("text", *text);
        if (!o->provider.empty()) w.field("provider", o->provider);
        w.end_object();
        return ask_and_judge(c, *o, {"POST", "/admin/invoices", "", std::move(body)}, "agrees",
                             [&](JsonRef r) { say_invoice(c.out, r); });
    };
}

Action build_invoice_show(Spec& spec) {
    struct Options : Operator {
        std::string invoice;
    };
    auto o = std::make_shared<Options>();
    spec.needed("--invoice-id", "I", o->invoice, "the provider's number of it");
    operator_options(spec, *o);
    return [o](const Context& c) {
        return ask_and_judge(c, *o, {"GET", "/admin/invoices/" + percent_encode(o->invoice), "", ""}, "agrees",
                             [&](JsonRef r) { say_invoice(c.out, r); });
    };
}

Action build_invoice_list(Spec& spec) {
    auto o = std::make_shared<Operator>();
    operator_options(spec, *o);
    return [o](const Context& c) {
        return print_list(c, *o, "/admin/invoices", "invoices", "", {"invoice_id", "lines", "imported_at"}, 1000);
    };
}

}  // namespace aig::cli
