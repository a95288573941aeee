#include "base/metrics.h"

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

namespace aig::metrics {
namespace {
constexpr size_t max_series = 8192;
constexpr uint32_t chunk_slots = 1024, max_chunks = 160;  // 8,192 counters, or about as many slots for 8,000 histograms
constexpr std::array<int64_t, 16> bounds_us = {1'000,      2'000,      5'000,      10'000,     20'000,    50'000,
                                               100'000,    200'000,    500'000,    1'000'000,  2'000'000, 5'000'000,
                                               10'000'000, 30'000'000, 60'000'000, 300'000'000};
constexpr uint32_t histogram_slots = bounds_us.size() + 2;  // a bucket each, +Inf, and the sum in microseconds

using Cell = std::atomic<int64_t>;
using Chunk = std::array<Cell, chunk_slots>;

/// The cells of one thread. Only that thread writes them (so no locked instruction is needed); scraping reads them.
struct Block {
    std::array<std::atomic<Chunk*>, max_chunks> chunks{};
    ~Block() {
        for (auto& c : chunks) delete c.load(std::memory_order_relaxed);
    }
    Cell& cell(uint32_t slot) {
        auto& place = chunks[slot / chunk_slots];
        Chunk* chunk = place.load(std::memory_order_relaxed);
        if (!chunk) {
            chunk = new Chunk{};
            place.store(chunk, std::memory_order_release);
        }
        return (*chunk)[slot % chunk_slots];
    }
    int64_t read(uint32_t slot) const {
        const Chunk* chunk = chunks[slot / chunk_slots].load(std::memory_order_acquire);
        return chunk ? (*chunk)[slot % chunk_slots].load(std::memory_order_relaxed) : 0;
    }
};

enum class Kind : uint8_t { counter, histogram, gauge };
struct Series {
    uint32_t slot = 0;
    std::function<int64_t()> read;
    std::unique_ptr<Counter> counter;
    std::unique_ptr<Histogram> histogram;
};
struct Family {
    Kind kind;
    std::string help;
    std::map<std::string, Series> series;  // by rendered labels
};

struct Registry {
    std::mutex mutex;
    std::set<Block*> blocks;
    Block retired;  // what threads that ended had counted
    std::map<std::string, Family, std::less<>> families;
    size_t series = 0;
    uint32_t next_slot = 0;

    int64_t sum(uint32_t slot) {
        int64_t n = retired.read(slot);
        for (const Block* b : blocks) n += b->read(slot);
        return n;
    }
    /// A chunk's first slot is never the middle of a histogram: its slots lie in one chunk.
    uint32_t take(uint32_t n) {
        if (next_slot % chunk_slots + n > chunk_slots) next_slot += chunk_slots - next_slot % chunk_slots;
        return std::exchange(next_slot, next_slot + n);
    }
    bool full(uint32_t slots) const { return series >= max_series || next_slot + 2 * slots > chunk_slots * max_chunks; }
    Series& find(std::string_view name, std::string_view help, Kind kind, std::string labels, uint32_t slots);
};

/// Never destroyed: threads and statics may count until the very end.
Registry& registry() {
    static Registry* const one = new Registry;
    return *one;
}

thread_local Block* mine = nullptr;
thread_local bool ended = false;
struct Retire {
    ~Retire() {
        auto& r = registry();
        std::lock_guard lock(r.mutex);
        for (uint32_t c = 0; c < max_chunks; ++c) {
            if (!mine->chunks[c].load(std::memory_order_relaxed)) continue;
            for (uint32_t i = c * chunk_slots; i < (c + 1) * chunk_slots; ++i)
                if (const auto n = mine->read(i)) r.retired.cell(i).fetch_add(n, std::memory_order_relaxed);
        }
        r.blocks.erase(mine);
        delete std::exchange(mine, nullptr);
        ended = true;
    }
};

void add_slow(uint32_t slot, int64_t n) {
    auto& r = registry();
    std::lock_guard lock(r.mutex);
    if (ended) {  // a thread_local destructor that still counts
        r.retired.cell(slot).fetch_add(n, std::memory_order_relaxed);
        return;
    }
    mine = new Block;
    r.blocks.insert(mine);
    thread_local Retire retire;
    mine->cell(slot).store(n, std::memory_order_relaxed);
}

void add_to(uint32_t slot, int64_t n) {
    if (!mine) return add_slow(slot, n);
    Cell& cell = mine->cell(slot);
    cell.store(cell.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
}

std::string render(Labels labels) {
    std::string out;
    for (const auto& [key, value] : labels) {
        fmt::format_to(std::back_inserter(out), "{}{}=\"", out.empty() ? "" : ",", key);
        for (const char c : value) {
            if (c == '"' || c == '\\') out += '\\';
            c == '\n' ? void(out += "\\n") : void(out += c);
        }
        out += '"';
    }
    return out;
}

Series& Registry::find(std::string_view name, std::string_view help, Kind kind, std::string labels, uint32_t slots) {
    auto family = families.find(name);
    if (family != families.end()) {
        const auto at = family->second.series.find(labels);
        if (at != family->second.series.end() && family->second.kind == kind) return at->second;
    }
    const bool clash = family != families.end() && family->second.kind != kind;
    if (clash || full(slots)) {
        name = kind == Kind::histogram ? "aig_metrics_overflow_ms"
               : kind == Kind::gauge   ? "aig_metrics_overflow"
                                       : "aig_metrics_overflow_total";
        help = "Stands for every series beyond the limit.";
        labels.clear();
        family = families.find(name);
    }
    if (family == families.end()) family = families.emplace(name, Family{kind, std::string(help), {}}).first;
    auto [at, added] = family->second.series.try_emplace(std::move(labels));
    if (!added) return at->second;
    ++series;
    at->second.slot = take(slots);
    if (kind == Kind::counter) at->second.counter = std::make_unique<Counter>(at->second.slot);
    if (kind == Kind::histogram) at->second.histogram = std::make_unique<Histogram>(at->second.slot);
    return at->second;
}

std::string braces(std::string_view labels, std::string_view more = {}) {
    if (labels.empty() && more.empty()) return {};
    return fmt::format("{{{}{}{}}}", labels, labels.empty() || more.empty() ? "" : ",", more);
}

/// Microseconds in the unit the series' name promises, as exact decimal text.
std::string in_unit(int64_t us, bool seconds) {
    const int64_t one = seconds ? 1'000'000 : 1'000;
    auto s = fmt::format("{}.{:0{}}", us / one, us % one, seconds ? 6 : 3);
    while (s.back() == '0') s.pop_back();
    if (s.back() == '.') s.pop_back();
    return s;
}

void expose_histogram(std::string& out, Registry& r, const std::string& name, const std::string& labels,
                      uint32_t slot) {
    const bool seconds = name.ends_with("_seconds");
    auto line = [&](std::string_view suffix, const std::string& set, const std::string& value) {
        fmt::format_to(std::back_inserter(out), "{}{}{} {}\n", name, suffix, set, value);
    };
    int64_t count = 0;
    for (uint32_t i = 0; i <= bounds_us.size(); ++i) {
        count += r.sum(slot + i);
        const auto le = i < bounds_us.size() ? in_unit(bounds_us[i], seconds) : "+Inf";
        line("_bucket", braces(labels, fmt::format("le=\"{}\"", le)), fmt::to_string(count));
    }
    line("_sum", braces(labels), in_unit(r.sum(slot + histogram_slots - 1), seconds));
    line("_count", braces(labels), fmt::to_string(count));
}
}  // namespace

void Counter::add(int64_t n) { add_to(slot_, n); }
int64_t Counter::value() const {
    auto& r = registry();
    std::lock_guard lock(r.mutex);
    return r.sum(slot_);
}

void Histogram::observe_us(int64_t us) {
    if (us < 0) us = 0;
    uint32_t i = 0;
    while (i < bounds_us.size() && us > bounds_us[i]) ++i;
    add_to(first_ + i, 1);
    add_to(first_ + histogram_slots - 1, us);
}

Counter& counter(std::string_view name, std::string_view help, Labels labels) {
    auto& r = registry();
    std::lock_guard lock(r.mutex);
    return *r.find(name, help, Kind::counter, render(labels), 1).counter;
}
Histogram& histogram(std::string_view name, std::string_view help, Labels labels) {
    auto& r = registry();
    std::lock_guard lock(r.mutex);
    return *r.find(name, help, Kind::histogram, render(labels), histogram_slots).histogram;
}
void gauge(std::string_view name, std::string_view help, std::function<int64_t()> read, Labels labels) {
    auto& r = registry();
    std::lock_guard lock(r.mutex);
    r.find(name, help, Kind::gauge, render(labels), 0).read = std::move(read);
}

std::string expose() {
    auto& r = registry();
    // Gauges are read without the lock: what they read may itself count something.
    std::map<std::string, std::function<int64_t()>> gauges;
    {
        std::lock_guard lock(r.mutex);
        for (const auto& [name, family] : r.families)
            if (family.kind == Kind::gauge)
                for (const auto& [labels, s] : family.series) gauges.emplace(name + braces(labels), s.read);
    }
    std::map<std::string, int64_t> values;
    for (const auto& [key, read] : gauges) values.emplace(key, read ? read() : 0);

    std::string out;
    std::lock_guard lock(r.mutex);
    for (const auto& [name, family] : r.families) {
        static constexpr std::string_view kinds[] = {"counter", "histogram", "gauge"};
        fmt::format_to(std::back_inserter(out), "# HELP {} {}\n# TYPE {} {}\n", name, family.help, name,
                       kinds[static_cast<size_t>(family.kind)]);
        for (const auto& [labels, s] : family.series) {
            if (family.kind == Kind::histogram) {
                expose_histogram(out, r, name, labels, s.slot);
                continue;
            }
            const auto key = name + braces(labels);
            fmt::format_to(std::back_inserter(out), "{} {}\n", key,
                           family.kind == Kind::gauge ? values[key] : r.sum(s.slot));
        }
    }
    return out;
}

}  // namespace aig::metrics
