// The operator's address book: where customers' coins arrive. Addresses are imported, checked digit by digit, and each
// belongs to one account for ever once it was handed out; no key of theirs is ever on this machine. The first import is
// usable at once; later ones, and removals, only after a delay, so that a stolen operator token cannot quietly redirect
// payments within the hour. Every row carries a seal under a key from outside the database; a row whose seal
// does not fit is not handed out, not shown and not watched, and is counted.
//
// The *_now functions block: never on a loop.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "store/store.h"
#include "topup/topup_store.h"

namespace aig::topup {

/// What seals a row, under a key that is not in the database.
struct Seal {
    std::function<std::string(std::string_view plain, std::string_view bound_to)> of_text;
    std::function<bool(std::string_view plain, std::string_view sealed, std::string_view bound_to)> fits_text;

    std::string of(const sql::AddressRow& row) const;
    bool fits(const sql::AddressRow& row) const;
};

struct Imported {
    int64_t added = 0, known = 0;
    int64_t usable_us = 0;  ///< from when on the added ones are handed out
};

class AddressBook {
  public:
    AddressBook(store::Store& store, std::string rail, Seal seal, int64_t delay_us)
        : store_(store), rail_(std::move(rail)), seal_(std::move(seal)), delay_us_(delay_us) {}

    /// All or nothing: bad_param names the first line that is no address. `with` (an audit line) commits together.
    Result<Imported> import_now(std::vector<std::string> addresses, store::Ops with);
    /// From when on it is handed out and shown no more; what an account was given stays watched. resource_not_found.
    Result<int64_t> retire_now(std::string address, store::Ops with);
    /// The account's address, a new one the first time. no_address when the book has none left.
    Result<std::string> address_of_now(AccountId account);
    rt::Task<Result<std::string>> address_of(AccountId account);

    /// In the order of their ids; `sealed` says whether the row is as it was signed.
    struct Listed {
        sql::AddressRow row;
        bool sealed = false;
    };
    Result<std::vector<Listed>> list_now(int64_t after, int64_t limit);
    /// All that were handed out and whose seal fits.
    rt::Task<Result<std::vector<sql::AddressRow>>> watched();
    Result<sql::Pool> count_now();

  private:
    store::Store& store_;
    std::string rail_;
    Seal seal_;
    int64_t delay_us_;
};

}  // namespace aig::topup
