// Pages: what is written comes back, in C++ and in SQL; what no writer wrote is refused, never cut short.
#include "store/rows.h"

#include <gtest/gtest.h>

#include <random>

#include "store/db.h"

namespace aig::store {
namespace {
constexpr int64_t numbers[] = {0, 1, -1, 63, 64, -64, -65, 1'000'000'007, INT64_MAX, INT64_MIN};

std::string sample() {
    RowsWriter w(4);
    for (const int64_t n : numbers) {
        w.number(n).text("text " + std::to_string(n)).blob(std::string("\0b", 2)).null();
        w.end_row();
    }
    return std::string(w.body());
}
/// Everything a page says, or nothing when it is damaged.
std::string rewritten(std::string_view page) {
    RowsReader r(page);
    RowsWriter w(r.columns());
    while (r.next()) {
        for (size_t i = 0; i < r.columns(); ++i) {
            const auto& v = r.at(i);
            if (v.kind == RowsWriter::kind_null) w.null();
            if (v.kind == RowsWriter::kind_number) w.number(v.number);
            if (v.kind == RowsWriter::kind_text) w.text(v.bytes);
            if (v.kind == RowsWriter::kind_blob) w.blob(v.bytes);
        }
        w.end_row();
    }
    return r.good() ? std::string(w.body()) : "";
}

TEST(Rows, come_back_as_they_were_written) {
    const auto page = sample();
    RowsReader r(page);
    EXPECT_EQ(r.rows(), std::size(numbers));
    for (const int64_t n : numbers) {
        ASSERT_TRUE(r.next());
        EXPECT_EQ(r.number(0), n);
        EXPECT_EQ(r.text(1), "text " + std::to_string(n));
        EXPECT_EQ(r.blob(2), std::string_view("\0b", 2));
        EXPECT_EQ(r.at(3).kind, RowsWriter::kind_null);
    }
    EXPECT_FALSE(r.next());
    EXPECT_FALSE(r.next());
    EXPECT_TRUE(r.good());
}

TEST(Rows, a_writer_is_used_again) {
    RowsWriter w(1);
    EXPECT_EQ(RowsReader(w.body()).rows(), 0u);
    w.text(std::string(100'000, 'x'));
    w.end_row();
    w.clear();
    w.number(7);
    w.end_row();
    RowsReader r(w.body());
    ASSERT_TRUE(r.next());
    EXPECT_EQ(r.number(0), 7);
    EXPECT_FALSE(r.next());
    EXPECT_TRUE(r.good());
}

TEST(Rows, a_cut_a_tail_and_any_other_byte_are_refused_or_another_page) {
    const auto page = sample();
    for (size_t i = 0; i < page.size(); ++i) EXPECT_EQ(rewritten(page.substr(0, i)), "") << i;
    EXPECT_EQ(rewritten(page + '\0'), "");
    for (size_t i = 0; i < page.size(); ++i)
        for (int x = 1; x < 256; ++x) {
            auto other = page;
            other[i] = static_cast<char>(other[i] ^ x);
            const auto again = rewritten(other);
            EXPECT_TRUE(again.empty() || again == other) << i << " " << x;
        }
}

TEST(Rows, a_value_of_another_kind_is_refused) {
    const auto page = sample();
    RowsReader r(page);
    ASSERT_TRUE(r.next());
    EXPECT_EQ(r.number(1), 0);
    EXPECT_FALSE(r.good());
    EXPECT_FALSE(r.next());
}

class PageRows : public ::testing::Test {
  protected:
    PageRows() : db_(*Db::open(":memory:", Db::Mode::writer)) {
        EXPECT_TRUE(db_->script("CREATE TABLE page (id INTEGER PRIMARY KEY, body BLOB)"));
    }
    void insert(std::string_view page) {
        EXPECT_TRUE(db_->query("INSERT INTO page (body) VALUES (?)").bind_blob(page).run());
    }
    std::unique_ptr<Db> db_;
};

TEST_F(PageRows, gives_the_rows_of_every_page_to_sql) {
    insert(sample());
    insert(sample());
    auto q = db_->query(
        "SELECT p.id, r.i, r.c0, r.c1, r.c2, r.c3, r.c31 FROM page p, page_rows(p.body) r WHERE r.c0 > ? ORDER BY "
        "p.id, "
        "r.i");
    q.bind(1'000);
    for (const int64_t page : {1, 2})
        for (const size_t row : {7u, 8u}) {
            ASSERT_TRUE(*q.step());
            EXPECT_EQ(q.integer(0), page);
            EXPECT_EQ(q.integer(1), static_cast<int64_t>(row));
            EXPECT_EQ(q.integer(2), numbers[row]);
            EXPECT_EQ(q.text(3), "text " + std::to_string(numbers[row]));
            EXPECT_EQ(q.blob(4), std::string_view("\0b", 2));
            EXPECT_TRUE(q.is_null(5) && q.is_null(6));
        }
    EXPECT_FALSE(*q.step());
}

TEST_F(PageRows, stands_in_a_view_and_has_no_rows_of_null) {
    insert(sample());
    EXPECT_TRUE(
        db_->script("INSERT INTO page (body) VALUES (NULL);"
                    "CREATE VIEW unpacked AS SELECT p.id, r.c0 AS n FROM page p, page_rows(p.body) r"));
    auto q = db_->query("SELECT COUNT(*), MAX(n) FROM unpacked");
    ASSERT_TRUE(*q.step());
    EXPECT_EQ(q.integer(0), std::ssize(numbers));
    EXPECT_EQ(q.integer(1), INT64_MAX);
}

TEST_F(PageRows, a_damaged_page_fails_the_statement) {
    const auto page = sample();
    insert(page);
    insert(page.substr(0, page.size() - 1));
    auto q = db_->query("SELECT COUNT(*) FROM page p, page_rows(p.body) r");
    const auto got = q.step();
    ASSERT_FALSE(got);
    EXPECT_NE(got.error().message().find("a page are damaged"), std::string::npos) << got.error().message();
    EXPECT_FALSE(db_->query("SELECT * FROM page_rows").step());
}

}  // namespace
}  // namespace aig::store
