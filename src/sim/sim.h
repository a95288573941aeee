// The simulated provider: an HTTP server that answers like OpenAI (chat, embeddings, models) and Anthropic (messages),
// with deterministic words, the vendors' own refusals, faults chosen by model name (docs/reference/simulator.md) and an
// invoice of its own. It speaks HTTP with its own few lines, not with room net: it must send what no correct server
// sends, and the gateway's HTTP client is thereby tested against an independent implementation.
//
// Threads: serves on every Loop it is given; start, stop and the counters are for any thread but those loops'.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "rt/loop.h"

namespace aig::sim {

struct SimOptions {
    std::string host = "127.0.0.1";
    uint16_t port = 0;         ///< 0 = any free port
    std::string bill_file;     ///< "" = no invoice
    std::string script_file;   ///< canned replies, JSON lines; "" = none
    std::string api_key;       ///< "" = any key, but there must be one
    int64_t hold_ms = 60'000;  ///< how long silent faults last
};

class Simulator {
  public:
    static Result<std::unique_ptr<Simulator>> start(rt::Loops& loops, SimOptions options);
    ~Simulator();
    Simulator(const Simulator&) = delete;

    uint16_t port() const;
    /// Calls that reached a wire (refused ones too), all models or one.
    int64_t calls() const;
    int64_t calls(std::string_view model) const;
    /// Callers that left before their reply was whole.
    int64_t disconnects() const;
    int64_t open_connections() const;
    /// What GET /sim/stats answers.
    std::string stats_json() const;
    /// What POST /sim/reset does: counters, fail_times and the prompt cache begin anew.
    void reset();
    /// Closes every connection and returns when all are gone. The Loops must still run. Called by the destructor.
    void stop();

  private:
    struct Inside;
    explicit Simulator(std::shared_ptr<Inside> in);
    std::shared_ptr<Inside> in_;
};

/// Every fault name, in the order of the documentation.
std::vector<std::string> fault_names();
/// The fault table as Markdown: what docs/reference/simulator.md shows and `aig sim --list-faults` prints.
std::string fault_table();

}  // namespace aig::sim
