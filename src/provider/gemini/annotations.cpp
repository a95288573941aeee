// Citations and log probabilities in the words of the canonical events.
#include <algorithm>

#include "provider/gemini/decode.h"

namespace aig::provider::gemini {
namespace {

/// How many characters (code points) stand before a byte of UTF-8 text.
int64_t characters_before(std::string_view text, int64_t byte) {
    const auto end = static_cast<size_t>(std::clamp<int64_t>(byte, 0, static_cast<int64_t>(text.size())));
    return std::count_if(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(end),
                         [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

struct Place {
    int64_t start, end;  ///< characters
};
Place place_of(JsonRef segment, std::string_view text) {
    return {characters_before(text, segment["startIndex"].integer().value_or(0)),
            characters_before(text, segment["endIndex"].integer().value_or(0))};
}

std::string url_citation(Place place, std::string_view url, std::string_view title) {
    std::string out;
    JsonWriter w(out);
    w.begin_object().field("type", "url_citation").field("start_index", place.start).field("end_index", place.end);
    w.field("url", url).field("title", title.empty() ? url : title).end_object();
    return out;
}

/// groundingSupports: a stretch of text and the numbers of the chunks that support it.
void grounded(JsonRef metadata, std::string_view text, std::vector<std::string>& out) {
    std::vector<JsonRef> chunks;
    for (const JsonRef c : metadata["groundingChunks"]) chunks.push_back(c);
    for (const JsonRef support : metadata["groundingSupports"]) {
        const Place place = place_of(support["segment"], text);
        for (const JsonRef n : support["groundingChunkIndices"]) {
            const auto i = n.integer();
            if (!i || *i < 0 || *i >= static_cast<int64_t>(chunks.size())) continue;
            const JsonRef chunk = chunks[static_cast<size_t>(*i)];
            const JsonRef source = chunk["web"]    ? chunk["web"]
                                   : chunk["maps"] ? chunk["maps"]
                                                   : chunk["retrievedContext"];
            if (const auto url = source["uri"].text(); !url.empty())
                out.push_back(url_citation(place, url, source["title"].text()));
        }
    }
}

void cited(JsonRef metadata, std::string_view text, std::vector<std::string>& out) {
    // AI Studio's name and Vertex's.
    for (const auto list : {"citationSources", "citations"})
        for (const JsonRef source : metadata[list])
            if (const auto url = source["uri"].text(); !url.empty())
                out.push_back(url_citation(place_of(source, text), url, source["title"].text()));
}

void bytes_of(JsonWriter& w, std::string_view token) {
    w.key("bytes").begin_array();
    for (const char c : token) w.integer(static_cast<unsigned char>(c));
    w.end_array();
}

void token(JsonWriter& w, JsonRef t) {
    w.field("token", t["token"].text()).field_raw("logprob", t["logProbability"] ? t["logProbability"].raw() : "0");
    bytes_of(w, t["token"].text());
}

}  // namespace

std::vector<std::string> url_citations(JsonRef candidate, std::string_view text) {
    std::vector<std::string> out;
    grounded(candidate["groundingMetadata"], text, out);
    cited(candidate["citationMetadata"], text, out);
    return out;
}

std::string logprobs_of(JsonRef result) {
    std::vector<JsonRef> tops;
    for (const JsonRef t : result["topCandidates"]) tops.push_back(t["candidates"]);
    std::string out;
    JsonWriter w(out);
    w.begin_object().key("content").begin_array();
    size_t i = 0;
    for (const JsonRef chosen : result["chosenCandidates"]) {
        w.begin_object();
        token(w, chosen);
        w.key("top_logprobs").begin_array();
        if (i < tops.size())
            for (const JsonRef t : tops[i]) {
                w.begin_object();
                token(w, t);
                w.end_object();
            }
        w.end_array().end_object();
        ++i;
    }
    w.end_array().field_null("refusal").end_object();
    return out;
}

}  // namespace aig::provider::gemini
