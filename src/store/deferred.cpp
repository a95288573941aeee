#include "store/deferred.h"

#include <vector>

namespace aig::store {
namespace {
thread_local std::vector<std::unique_ptr<Deferred>> kept;
}

namespace detail {
Deferred& keep_deferred(std::unique_ptr<Deferred> made) {
    kept.push_back(std::move(made));
    return *kept.back();
}
}  // namespace detail

Status flush_deferred(Db& db) {
    for (auto& d : kept) TRYV(d->flush(db));
    return {};
}
void drop_deferred() {
    for (auto& d : kept) d->drop();
}

}  // namespace aig::store
