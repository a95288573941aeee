#include "records/invoice_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "base/json.h"
#include "base/money.h"

namespace aig::records {
namespace {
constexpr size_t max_text = 200, max_columns = 100;
constexpr int64_t max_units = 1'000'000'000'000'000, max_stamp_us = 32'503'680'000'000'000;  // the year 3000

enum Field : uint8_t { date, provider, model, request_id, units, input_tokens, output_tokens, cost, at_us, fields };
constexpr std::string_view names[fields] = {"date",         "provider",      "model", "request_id", "units",
                                            "input_tokens", "output_tokens", "cost",  "at_us"};
/// One line's values as texts, "" where absent.
using Values = std::array<std::string, fields>;

Error bad(size_t line, std::string_view message) {
    return Error(ErrorCode::bad_param, fmt::format("line {}: {}", line, message)).param("text");
}

Result<int64_t> whole(const std::string& text, std::string_view name, int64_t most = max_units) {
    int64_t v = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), v);
    if (text.empty() || ec != std::errc{} || end != text.data() + text.size() || v < 0 || v > most)
        return Error(ErrorCode::bad_param, fmt::format("{} must be a whole number from 0 to {}", name, most));
    return v;
}

/// "2026-11-21", also with a time after it.
Result<int64_t> day_of(std::string_view text) {
    const auto number = [&](size_t at, size_t n) {
        int v = -1;
        if (text.size() >= at + n) std::from_chars(text.data() + at, text.data() + at + n, v);
        return v;
    };
    const bool form = text.size() >= 10 && text[4] == '-' && text[7] == '-' &&
                      (text.size() == 10 || text[10] == 'T' || text[10] == ' ');
    using namespace std::chrono;
    const year_month_day ymd{year{number(0, 4)}, month{static_cast<unsigned>(number(5, 2))},
                             day{static_cast<unsigned>(number(8, 2))}};
    if (!form || !ymd.ok() || number(0, 4) < 2000) return Error(ErrorCode::bad_param, "date must be like 2026-11-21");
    return int64_t{sys_days(ymd).time_since_epoch().count()};
}

/// Decimal USD; providers print more digits than nano-units have.
Result<int64_t> usd_nanos(std::string text) {
    bool up = false;
    const auto point = text.find('.');
    if (point != std::string::npos && text.size() > point + 10 && text.find_first_of("eE") == std::string::npos) {
        const auto rest = std::string_view(text).substr(point + 10);
        if (!std::all_of(rest.begin(), rest.end(), [](char c) { return c >= '0' && c <= '9'; }))
            return Error(ErrorCode::bad_param, "cost must be decimal USD");
        up = rest[0] >= '5';
        text.resize(point + 10);
    }
    auto nanos = parse_decimal(text, 9, "cost");
    if (!nanos || *nanos < 0 || *nanos > 1'000'000'000 * nanos_per_unit)
        return Error(ErrorCode::bad_param, "cost must be decimal USD from 0 to 1000000000");
    return *nanos + up;
}

Result<InvoiceLine> line_of(const Values& v, std::string_view default_provider) {
    InvoiceLine l;
    if (v[date].empty() && !v[at_us].empty()) {
        TRY(const int64_t stamp, whole(v[at_us], "at_us", max_stamp_us));
        l.day = stamp / 86'400'000'000;
    } else {
        TRY(l.day, day_of(v[date]));
    }
    l.provider = v[provider].empty() ? std::string(default_provider) : v[provider];
    l.model = v[model];
    l.request_id = v[request_id];
    for (const auto* text : {&l.provider, &l.model, &l.request_id})
        if (text->size() > max_text)
            return Error(ErrorCode::bad_param, fmt::format("a text is longer than {} bytes", max_text));
    if (l.provider.empty())
        return Error(ErrorCode::bad_param, "names no provider; give one for the whole invoice (--provider)");
    if (l.model.empty()) return Error(ErrorCode::bad_param, "names no model");
    if (!v[units].empty()) {
        TRY(l.units, whole(v[units], "units"));
    } else if (!v[input_tokens].empty() || !v[output_tokens].empty()) {
        TRY(const int64_t in, whole(v[input_tokens].empty() ? "0" : v[input_tokens], "input_tokens"));
        TRY(const int64_t out, whole(v[output_tokens].empty() ? "0" : v[output_tokens], "output_tokens"));
        l.units = in + out;
    } else {
        return Error(ErrorCode::bad_param, "has neither units nor input_tokens and output_tokens");
    }
    if (v[cost].empty()) return l;
    TRY(l.cost_nanos, usd_nanos(v[cost]));
    return l;
}

Result<Values> json_values(std::string_view line) {
    TRY(const auto doc, JsonDoc::parse(line));
    if (!doc.root().is_object()) return Error(ErrorCode::bad_param, "is no JSON object");
    Values v;
    for (size_t f = 0; f < fields; ++f) {
        const auto m = doc.root()[names[f]];
        if (m.is_string()) v[f] = m.text();
        if (m.is_number()) v[f] = m.raw();
    }
    return v;
}

/// The cells of one line; quotes as in RFC 4180, without line breaks inside.
Result<std::vector<std::string>> cells(std::string_view line) {
    std::vector<std::string> out{""};
    bool quoted = false;
    for (size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        if (quoted && c == '"' && i + 1 < line.size() && line[i + 1] == '"') {
            out.back() += '"';
            ++i;
        } else if (c == '"') {
            quoted = !quoted;
        } else if (c == ',' && !quoted) {
            if (out.size() == max_columns) return Error(ErrorCode::bad_param, "has too many columns");
            out.emplace_back();
        } else {
            out.back() += c;
        }
    }
    if (quoted) return Error(ErrorCode::bad_param, "a quote is not closed");
    return out;
}

/// Which field each column is; `fields` = none.
Result<std::vector<Field>> heading(std::string_view line) {
    TRY(const auto columns, cells(line));
    std::vector<Field> out;
    for (const auto& c : columns) {
        const auto at = std::find(std::begin(names), std::end(names), c) - std::begin(names);
        if (at < fields && std::find(out.begin(), out.end(), at) != out.end())
            return Error(ErrorCode::bad_param, fmt::format("the column {} stands twice", c));
        out.push_back(static_cast<Field>(at));
    }
    if (std::find(out.begin(), out.end(), model) == out.end())
        return Error(ErrorCode::bad_param,
                     "the first line must name the columns: date,provider,model,request_id,units,cost");
    return out;
}

Result<Values> csv_values(const std::vector<Field>& columns, std::string_view line) {
    TRY(auto texts, cells(line));
    if (texts.size() != columns.size())
        return Error(ErrorCode::bad_param, fmt::format("has {} columns, the heading {}", texts.size(), columns.size()));
    Values v;
    for (size_t i = 0; i < columns.size(); ++i)
        if (columns[i] < fields) v[columns[i]] = std::move(texts[i]);
    return v;
}
}  // namespace

Result<std::vector<InvoiceLine>> parse_invoice(std::string_view text, std::string_view default_provider) {
    if (text.size() > max_invoice_bytes)
        return Error(ErrorCode::too_large, fmt::format("The invoice is longer than {} bytes.", max_invoice_bytes));
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    const bool json = text.starts_with('{');
    std::vector<Field> columns;
    std::vector<InvoiceLine> out;
    for (size_t number = 1; !text.empty(); ++number) {
        auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.empty()) continue;
        if (!json && columns.empty()) {
            auto found = heading(line);
            if (!found) return bad(number, found.error().message());
            columns = *std::move(found);
            continue;
        }
        auto values = json ? json_values(line) : csv_values(columns, line);
        if (!values) return bad(number, values.error().message());
        auto parsed = line_of(*values, default_provider);
        if (!parsed) return bad(number, parsed.error().message());
        out.push_back(*std::move(parsed));
        if (out.size() > max_invoice_lines)
            return Error(
                ErrorCode::too_large,
                fmt::format("The invoice has more than {} lines: import it in parts, each with an id of its own.",
                            max_invoice_lines));
    }
    if (out.empty()) return Error(ErrorCode::bad_param, "The invoice has no lines.").param("text");
    return out;
}

}  // namespace aig::records
