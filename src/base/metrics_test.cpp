#include "base/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

using namespace aig;
using ::testing::HasSubstr;

TEST(Metrics, counts_over_living_and_ended_threads) {
    auto& c = metrics::counter("t_threads_total", "x");
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&c] {
            for (int i = 0; i < 10'000; ++i) c.add();
        });
    c.add(5);
    for (auto& t : threads) t.join();
    EXPECT_EQ(c.value(), 40'005);
}

TEST(Metrics, same_name_and_labels_is_the_same_series) {
    auto& a = metrics::counter("t_same_total", "x", {{"model", "a"}});
    auto& b = metrics::counter("t_same_total", "x", {{"model", "b"}});
    EXPECT_EQ(&a, &metrics::counter("t_same_total", "x", {{"model", "a"}}));
    EXPECT_NE(&a, &b);
    a.add(2);
    b.add(3);
    const auto text = metrics::expose();
    EXPECT_THAT(text, HasSubstr("# TYPE t_same_total counter\n"));
    EXPECT_THAT(text, HasSubstr("t_same_total{model=\"a\"} 2\nt_same_total{model=\"b\"} 3\n"));
}

TEST(Metrics, label_values_are_escaped) {
    metrics::counter("t_escape_total", "x", {{"m", "a\"b\\c\nd"}}).add();
    EXPECT_THAT(metrics::expose(), HasSubstr("t_escape_total{m=\"a\\\"b\\\\c\\nd\"} 1\n"));
}

TEST(Metrics, histogram_buckets_are_cumulative_and_in_the_named_unit) {
    auto& ms = metrics::histogram("t_lag_ms", "lag", {{"k", "v"}});
    ms.observe_us(1'000);
    ms.observe_us(1'001);
    ms.observe_us(-4);
    ms.observe_us(400'000'000);
    auto& s = metrics::histogram("t_lag_seconds", "lag");
    s.observe_us(1'500);
    const auto text = metrics::expose();
    EXPECT_THAT(text, HasSubstr("t_lag_ms_bucket{k=\"v\",le=\"1\"} 2\nt_lag_ms_bucket{k=\"v\",le=\"2\"} 3\n"));
    EXPECT_THAT(text, HasSubstr("t_lag_ms_bucket{k=\"v\",le=\"300000\"} 3\nt_lag_ms_bucket{k=\"v\",le=\"+Inf\"} 4\n"));
    EXPECT_THAT(text, HasSubstr("t_lag_ms_sum{k=\"v\"} 400002.001\nt_lag_ms_count{k=\"v\"} 4\n"));
    EXPECT_THAT(text, HasSubstr("t_lag_seconds_bucket{le=\"0.001\"} 0\nt_lag_seconds_bucket{le=\"0.002\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("t_lag_seconds_sum 0.0015\n"));
}

TEST(Metrics, a_gauge_is_read_when_scraped_and_may_count_itself) {
    int64_t v = 7;
    metrics::gauge("t_gauge", "g", [&v] {
        metrics::counter("t_gauge_reads_total", "x").add();
        return v;
    });
    EXPECT_THAT(metrics::expose(), HasSubstr("t_gauge 7\n"));
    v = 9;
    EXPECT_THAT(metrics::expose(), HasSubstr("t_gauge 9\n"));
    metrics::gauge("t_gauge", "g", [] { return int64_t{0}; });
}

TEST(Metrics, the_number_of_series_is_bounded) {
    for (int i = 0; i < 9'000; ++i) metrics::counter("t_many_total", "x", {{"i", std::to_string(i)}}).add();
    const auto text = metrics::expose();
    EXPECT_THAT(text, HasSubstr("t_many_total{i=\"0\"} 1\n"));
    EXPECT_THAT(text, ::testing::Not(HasSubstr("t_many_total{i=\"8999\"}")));
    EXPECT_THAT(text, HasSubstr("aig_metrics_overflow_total "));
}
