// The matrix of docs/reference/compatibility.md: each dialect a caller may speak × each wire a provider may speak ×
// what can be asked. A cell is played without sockets: the feature is written in the dialect's own words, parsed,
// encoded for the wire, answered by the simulator (its own reader and writer), decoded, rendered, and read again as the
// caller reads it. So a cell says what came back, not what somebody meant to support.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "canon/dialect.h"
#include "canon/wire.h"

namespace aig::matrix {

struct HeardCall {
    std::string id, name, arguments;
};

/// What the caller understood.
struct Heard {
    std::string text, reasoning, refusal, stop_sequence;
    std::vector<HeardCall> calls;
    int choices = 0, images = 0, states = 0, vectors = 0;
    bool logprobs = false;
    canon::StopReason stop = canon::StopReason::none;
    std::optional<canon::Usage> usage;
};

/// One thing that can be asked.
struct Feature {
    std::string_view name;
    canon::Request request;
    /// "" = as asked; else what is wrong.
    std::string (*check)(const Heard& heard) = nullptr;
    /// A wire that lacks it still answers, and the loss report names it: decorations, and wishes about how a model goes
    /// about its answer that no other target could be asked for.
    bool may_be_lost = false;
    int times = 1;  ///< asked this often; the last answer counts (prompt caches)
};
std::vector<Feature> features();

struct North {
    std::string_view name;
    const canon::Dialect* dialect = nullptr;
    const canon::Wire* own = nullptr;  ///< writes requests and reads replies in the dialect's words
    /// The grammar's complaint about a whole stream, ours or a provider's that went through, "" = legal. Null: the
    /// dialect has no automaton.
    std::string (*grammar)(std::string_view stream, bool ours) = nullptr;
    bool model_in_url = false;
};
std::vector<North> norths();

struct South {
    std::string_view name;
    const canon::Wire* wire = nullptr;
    std::string_view base;   ///< before the wire's own path at the simulator
    std::string_view model;  ///< a model the simulator has there
    canon::Quirks quirks{};
};
std::vector<South> souths();

enum class Outcome : uint8_t {
    kept,     ///< came back as asked, whole and streamed
    lost,     ///< answered without it, and named in the loss report
    refused,  ///< 400 that names it, before any provider was asked
    absent,   ///< the dialect has no words for it
    failed,   ///< none of these: a bug
};
struct Cell {
    Outcome outcome = Outcome::failed;
    std::string note;  ///< the names lost, the words of the refusal, or what is wrong
};
Cell play(const North& north, const South& south, const Feature& feature);

}  // namespace aig::matrix
