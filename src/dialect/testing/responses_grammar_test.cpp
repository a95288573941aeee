// The automaton refuses what real gateways have got wrong.
#include "dialect/testing/responses_grammar.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aig::dialect::testing {
namespace {

using ::testing::HasSubstr;

std::string event(std::string_view json) {
    const size_t from = json.find("\"type\":\"") + 8;
    return "event: " + std::string(json.substr(from, json.find('"', from) - from)) + "\ndata: " + std::string(json) +
           "\n\n";
}
const std::string created = event(
    R"({"type":"response.created","sequence_number":0,"response":{"id":"r","status":"in_progress","output":[]}})");
const std::string added = event(
    R"({"type":"response.output_item.added","sequence_number":1,"output_index":0,"item":{"id":"m","type":"message","content":[]}})");
const std::string part = event(
    R"({"type":"response.content_part.added","sequence_number":2,"item_id":"m","output_index":0,"content_index":0,"part":{"type":"output_text","text":""}})");
const std::string delta = event(
    R"({"type":"response.output_text.delta","sequence_number":3,"item_id":"m","output_index":0,"content_index":0,"delta":"hi"})");
const std::string text_done = event(
    R"({"type":"response.output_text.done","sequence_number":4,"item_id":"m","output_index":0,"content_index":0,"text":"hi"})");
const std::string part_done = event(
    R"({"type":"response.content_part.done","sequence_number":5,"item_id":"m","output_index":0,"content_index":0,"part":{"type":"output_text","text":"hi"}})");
const std::string item_done = event(
    R"({"type":"response.output_item.done","sequence_number":6,"output_index":0,"item":{"id":"m","type":"message","content":[{"type":"output_text","text":"hi"}]}})");
const std::string completed = event(
    R"({"type":"response.completed","sequence_number":7,"response":{"id":"r","status":"completed","output":[{"id":"m","type":"message","content":[{"type":"output_text","text":"hi"}]}],"usage":{}}})");
const std::string whole = created + added + part + delta + text_done + part_done + item_done + completed;

std::string fault(const std::string& stream) { return hear_responses(stream, {.ours = false}).fault; }
std::string without(std::string s, const std::string& piece) { return s.erase(s.find(piece), piece.size()); }
std::string instead(std::string s, std::string_view old, std::string_view now) {
    return s.replace(s.rfind(old), old.size(), now);
}

TEST(ResponsesGrammar, AcceptsAWholeStream) { EXPECT_EQ(fault(whole), ""); }

TEST(ResponsesGrammar, RefusesWhatIsKnownToBeIllegal) {
    EXPECT_THAT(fault(without(whole, completed)), HasSubstr("no last event"));
    EXPECT_THAT(fault(without(whole, item_done)), HasSubstr("never ended"));
    EXPECT_THAT(fault(without(whole, added)), HasSubstr("never added"));
    EXPECT_THAT(fault(without(whole, part)), HasSubstr("never added"));
    EXPECT_THAT(fault(without(whole, delta)), HasSubstr("sum of the deltas"));
    EXPECT_THAT(fault(whole + delta), HasSubstr("behind the last one"));
    EXPECT_THAT(fault(created + added + added), HasSubstr("does not rise"));
    EXPECT_THAT(fault(created + added + part + text_done + delta), HasSubstr("sum of the deltas"));
    EXPECT_THAT(fault(created + added + part + delta + delta), HasSubstr("sequence_number"));
    EXPECT_THAT(fault(instead(whole, R"("status":"completed")", R"("status":"failed")")), HasSubstr("status"));
    EXPECT_THAT(fault(instead(whole, R"("id":"m","type":"message","content":[{"type":"output_text","text":"hi"}])",
                              R"("id":"x")")),
                HasSubstr("another item"));
    EXPECT_THAT(hear_responses(whole).fault, HasSubstr("lacks"));
}

}  // namespace
}  // namespace aig::dialect::testing
