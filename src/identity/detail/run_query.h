// Running statements whose rows all have one shape.
#pragma once

#include <vector>

#include "store/db.h"

namespace aig::identity {

template <class T>
Result<std::vector<T>> all_rows(store::Query q, T (*row)(const store::Query&)) {
    std::vector<T> out;
    while (true) {
        TRY(const bool more, q.step());
        if (!more) return out;
        out.push_back(row(q));
    }
}

inline Result<bool> changed(store::Query& q) {
    TRY(const int64_t rows, q.run());
    return rows > 0;
}

inline Status done(store::Query& q) {
    TRYV(q.run());
    return {};
}
}  // namespace aig::identity
