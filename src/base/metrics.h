// Counters and histograms in Prometheus' text exposition. Registering is slow and happens at start (static locals);
// add() is one relaxed add into the calling thread's own slot. Label values must come from bounded sets (models,
// providers, error codes), never from callers' text.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace aig::metrics {

using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

class Counter {
  public:
    void add(int64_t n = 1);
    int64_t value() const;
    explicit Counter(uint32_t slot) : slot_(slot) {}

  private:
    uint32_t slot_;
};

/// The same name and labels give the same counter. At most 8,192 series; further ones share one "overflow" series.
Counter& counter(std::string_view name, std::string_view help, Labels = {});

/// Fixed buckets in milliseconds: 1 2 5 10 20 50 100 200 500 1 s 2 s 5 s 10 s 30 s 60 s 300 s.
class Histogram {
  public:
    void observe_us(int64_t us);
    explicit Histogram(uint32_t first_slot) : first_(first_slot) {}

  private:
    uint32_t first_;
};
Histogram& histogram(std::string_view name, std::string_view help, Labels = {});

/// A value read when scraped. `read` is called from the scraping thread and must be thread-safe.
void gauge(std::string_view name, std::string_view help, std::function<int64_t()> read, Labels = {});

/// The whole exposition.
std::string expose();

}  // namespace aig::metrics
