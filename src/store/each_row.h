// Walking all rows of a statement.
#pragma once

#include "store/db.h"

namespace aig::store {

/// see(q) for each row, until there are none or the storage fails.
template <class See>
Status each_row(Query q, const See& see) {
    for (;;) {
        TRY(const bool row, q.step());
        if (!row) return {};
        see(q);
    }
}

}  // namespace aig::store
