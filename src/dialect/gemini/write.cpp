#include "dialect/gemini/write.h"

#include <algorithm>

#include "base/money.h"
#include "dialect/errors.h"

namespace aig::dialect::google {
using namespace canon;

std::string cost_number(const Bill& bill) { return dollars_number(bill.receipt.cost_nanos()); }

void append_usage(std::string& out, const Bill& bill) {
    const Usage& u = bill.usage;
    JsonWriter w(out);
    w.begin_object().field("promptTokenCount", u.input_total());
    if (u[Component::cached_input]) w.field("cachedContentTokenCount", u[Component::cached_input]);
    w.field("candidatesTokenCount", u[Component::output]);
    if (u[Component::reasoning]) w.field("thoughtsTokenCount", u[Component::reasoning]);
    w.field("totalTokenCount", u.input_total() + u.output_total());
    w.field_raw("cost", cost_number(bill));
    if (u.estimated) w.field("estimated", true);
    w.end_object();
}

std::string error_object(const Error& error, std::string_view request_id) {
    return render_error(error, Surface::gemini, request_id, "").body;
}

std::string_view Framer::before_next() {
    const bool first = !begun_;
    begun_ = true;
    return sse_ ? "data: " : first ? "[" : ",\r\n";
}

void Framer::chunk(std::string_view json, std::string& out) {
    out.append(before_next());
    const size_t at = out.size();
    out.append(json);
    if (!sse_) return;
    // Arguments and the like are the JSON text they were; line ends between its tokens would end the event's line.
    std::replace_if(
        out.begin() + static_cast<std::ptrdiff_t>(at), out.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
    out += "\r\n\r\n";
}

void Framer::end(std::string& out) const {
    if (!sse_) out += begun_ ? "\n]" : "[]";
}

}  // namespace aig::dialect::google
