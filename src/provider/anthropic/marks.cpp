// cache_control marks: the API refuses a fifth ("A maximum of 4 blocks with cache_control may be provided", 400).
#include <algorithm>

#include "provider/anthropic/encode.h"

namespace aig::provider::anthropic {
namespace {
using canon::Part;

constexpr int most_marks = 4;

bool marked(const canon::Extras& extras) { return !find_extra(extras, "cache_control").empty(); }

int marks_of(const Part& p);
int marks_of(const std::vector<Part>& parts) {
    int n = 0;
    for (const Part& p : parts) n += marks_of(p);
    return n;
}
int marks_of(const Part& p) {
    if (const auto* t = std::get_if<canon::Text>(&p)) return marked(t->extras);
    if (const auto* i = std::get_if<canon::Image>(&p)) return marked(i->extras);
    if (const auto* f = std::get_if<canon::File>(&p)) return marked(f->extras);
    if (const auto* c = std::get_if<canon::ToolCall>(&p)) return marked(c->extras);
    if (const auto* r = std::get_if<canon::ToolResult>(&p)) return marked(r->extras) + marks_of(r->parts);
    return 0;
}

/// A message's own mark goes to its last part, unless that has one.
int marks_of(const canon::Message& m) {
    const bool own = marked(m.extras) && !m.parts.empty() && marks_of(m.parts.back()) == 0;
    return marks_of(m.parts) + own;
}
}  // namespace

SurplusMarks surplus_marks(const canon::Chat& chat) {
    int tools = 0, system = 0, turns = 0;
    for (const auto& t : chat.tools) tools += marked(t.extras);
    bool leading = true;
    for (const auto& m : chat.messages) {
        leading = leading && (m.role == canon::Role::system || m.role == canon::Role::developer);
        (leading ? system : turns) += marks_of(m);
    }
    int over = std::max(0, tools + system + turns + marked(chat.extras) - most_marks);
    SurplusMarks s;
    s.turns = std::min(turns, over);
    s.system = std::min(system, over -= s.turns);
    s.tools = std::min(tools, over - s.system);
    return s;
}

}  // namespace aig::provider::anthropic
