// Rows in a blob: what a transaction gathers goes into a table as one row, a page, whose body has the rows (canonical:
// one value has exactly one spelling). For SQL the table-valued function page_rows(body), which every connection has,
// gives them back: columns i (0, 1, ...) and c0 ... c31.
//
// A body is 4 bytes (layout 1, columns, rows as 16 bits little-endian) and then the values row by row, each a byte that
// says its kind and its bytes: integers as minimal zigzag varints, texts and blobs with their size in front. A value
// that stands in the row above too is that one byte alone: calls of one moment have most of theirs in common.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace aig::store {

constexpr size_t max_page_columns = 32, max_page_rows = 65'535;

/// Writes into one buffer that is used again: no allocation a value.
class RowsWriter {
  public:
    explicit RowsWriter(size_t columns);
    RowsWriter& number(int64_t v) {
        auto& above = above_[column_++];
        char* const from = room(1 + longest_varint);
        if (rows_ && above.kind == kind_number && above.number == v) return put_same(from);
        above = {kind_number, v, 0, 0};
        *from = static_cast<char>(kind_number);
        char* const to = put_varint(from + 1, (static_cast<uint64_t>(v) << 1) ^ static_cast<uint64_t>(v >> 63));
        used_ += static_cast<size_t>(to - from);
        return *this;
    }
    RowsWriter& text(std::string_view v) { return bytes(kind_text, v); }
    RowsWriter& blob(std::string_view v) { return bytes(kind_blob, v); }
    RowsWriter& null();
    /// Behind the last value of each.
    void end_row() {
        ++rows_;
        column_ = 0;
    }
    size_t rows() const { return rows_; }
    /// The page; valid until something is written.
    std::string_view body();
    void clear();

    static constexpr uint8_t kind_null = 0, kind_number = 1, kind_text = 2, kind_blob = 3, kind_same = 4;

  private:
    static constexpr size_t longest_varint = 10;
    /// The last value of a column: its bytes are in the buffer.
    struct Above {
        uint8_t kind = kind_null;
        int64_t number = 0;
        size_t at = 0, size = 0;
    };
    static char* put_varint(char* at, uint64_t u) {
        for (; u >= 0x80; u >>= 7) *at++ = static_cast<char>(u | 0x80);
        *at++ = static_cast<char>(u);
        return at;
    }
    RowsWriter& put_same(char* at) {
        *at = static_cast<char>(kind_same);
        ++used_;
        return *this;
    }
    RowsWriter& bytes(uint8_t kind, std::string_view v) {
        auto& above = above_[column_++];
        char* const from = room(1 + longest_varint + v.size());
        if (rows_ && above.kind == kind && above.size == v.size() &&
            std::string_view(buffer_.data() + above.at, above.size) == v)
            return put_same(from);
        *from = static_cast<char>(kind);
        char* const to = put_varint(from + 1, v.size());
        if (!v.empty()) std::memcpy(to, v.data(), v.size());
        above = {kind, 0, static_cast<size_t>(to - buffer_.data()), v.size()};
        used_ = above.at + v.size();
        return *this;
    }
    char* room(size_t most) {
        if (buffer_.size() < used_ + most) grow(most);
        return buffer_.data() + used_;
    }
    void grow(size_t most);
    std::string buffer_;
    size_t used_ = 0, rows_ = 0, column_ = 0;
    uint8_t columns_;
    std::array<Above, max_page_columns + 1> above_;
};

/// Reads what a writer wrote and refuses everything else. The page must outlive it.
class RowsReader {
  public:
    struct Value {
        uint8_t kind = RowsWriter::kind_null;
        int64_t number = 0;
        std::string_view bytes;
    };
    explicit RowsReader(std::string_view body);
    size_t columns() const { return columns_; }
    size_t rows() const { return rows_; }
    /// Goes to the first or the next row. False: there is none, or the page is damaged.
    bool next();
    /// Until something was found that no writer wrote, or a value was asked for as what it is not.
    bool good() const { return good_; }
    /// Of the row it stands at: 0 is the first.
    size_t row() const { return row_ - 1; }
    const Value& at(size_t column) const { return values_[column]; }
    int64_t number(size_t column);
    std::string_view text(size_t column) { return bytes(column, RowsWriter::kind_text); }
    std::string_view blob(size_t column) { return bytes(column, RowsWriter::kind_blob); }

  private:
    bool damaged();
    bool read(Value& v);
    bool read_varint(uint64_t& u);
    std::string_view bytes(size_t column, uint8_t kind);
    std::string_view in_;
    size_t columns_ = 0, rows_ = 0, row_ = 0;
    bool good_ = true;
    std::array<Value, max_page_columns> values_;
};

}  // namespace aig::store
