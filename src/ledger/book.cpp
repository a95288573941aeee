#include "ledger/book.h"

#include "ledger/sqlite_book.h"

namespace aig::ledger {

Hold::Hold(Hold&& o) noexcept
    : book_(std::exchange(o.book_, nullptr)), id_(o.id_), account_(o.account_), amount_(o.amount_), free_(o.free_) {}
Hold& Hold::operator=(Hold&& o) noexcept {
    std::swap(book_, o.book_);
    std::swap(id_, o.id_);
    std::swap(account_, o.account_);
    std::swap(amount_, o.amount_);
    std::swap(free_, o.free_);
    return *this;
}
Hold::~Hold() {
    if (book_) book_->drop(id_);
}

Result<std::unique_ptr<Book>> Book::open(store::Store& store, BookOptions options) {
    return SqliteBook::open(store, std::move(options));
}
Result<std::unique_ptr<Book>> Book::open(store::Store& store, bool recover) {
    BookOptions options;
    options.recover = recover;
    return open(store, std::move(options));
}

}  // namespace aig::ledger
