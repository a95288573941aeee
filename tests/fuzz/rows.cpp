// Pages of rows: whatever the reader accepts, the writer spells with the same bytes.
#include "store/rows.h"

#include <cstdint>
#include <cstdlib>

using aig::store::RowsReader;
using aig::store::RowsWriter;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view page(reinterpret_cast<const char*>(data), size);
    RowsReader r(page);
    RowsWriter w(r.columns());
    size_t rows = 0;
    for (; r.next(); ++rows) {
        for (size_t i = 0; i < r.columns(); ++i) {
            const auto& v = r.at(i);
            if (v.kind == RowsWriter::kind_null) w.null();
            if (v.kind == RowsWriter::kind_number) w.number(v.number);
            if (v.kind == RowsWriter::kind_text) w.text(v.bytes);
            if (v.kind == RowsWriter::kind_blob) w.blob(v.bytes);
        }
        w.end_row();
    }
    if (r.good() && (rows != r.rows() || w.body() != page)) std::abort();
    return 0;
}
