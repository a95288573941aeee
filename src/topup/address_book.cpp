#include "topup/address_book.h"

#include <fmt/format.h>

#include <set>

#include "base/log.h"
#include "base/metrics.h"
#include "base/time.h"
#include "topup/tron/address.h"

namespace aig::topup {
namespace {
constexpr size_t max_import = 100'000;
constexpr int64_t page = 1'000;

/// What a seal says of a row.
std::string statement(const sql::AddressRow& r) {
    return fmt::format("{}|{}|{}|{}|{}|{}", r.rail, r.address, r.account.value, r.usable_us, r.retired_us,
                       r.assigned_us);
}
std::string place(const sql::AddressRow& r) { return fmt::format("topup_address|{}|{}", r.rail, r.address); }

void report_broken(const sql::AddressRow& row) {
    static auto& count = metrics::counter("aig_topup_broken_seals_total", "Address rows whose seal did not fit");
    count.add();
    log::error("address_seal_broken", {{"address", row.address}, {"rail", row.rail}});
}

bool shown(const sql::AddressRow& row, int64_t at_us) { return row.retired_us == 0 || row.retired_us > at_us; }

Error used_up() {
    return Error(ErrorCode::topup_disabled, "no deposit address is left; the operator must import more")
        .reason("no_address");
}

class ImportOp : public store::Op {
  public:
    ImportOp(std::string rail, Seal seal, int64_t delay_us, std::vector<std::string> addresses,
             std::shared_ptr<Imported> result)
        : rail_(std::move(rail)),
          seal_(std::move(seal)),
          delay_us_(delay_us),
          addresses_(std::move(addresses)),
          result_(std::move(result)) {}
    Status apply(store::Db& db) override {
        const int64_t now = now_us();
        TRY(const auto pool, sql::count_addresses(db, rail_, now));
        *result_ = {0, 0, pool.total == 0 ? now : now + delay_us_};
        for (const auto& address : addresses_) {
            TRY(const auto known, sql::load_address(db, rail_, address));
            if (known) {
                ++result_->known;
                continue;
            }
            sql::AddressRow row;
            row.rail = rail_;
            row.address = address;
            row.usable_us = result_->usable_us;
            row.seal = seal_.of(row);
            TRYV(sql::insert_address(db, row));
            ++result_->added;
        }
        return {};
    }

  private:
    std::string rail_;
    Seal seal_;
    int64_t delay_us_;
    std::vector<std::string> addresses_;
    std::shared_ptr<Imported> result_;
};

class RetireOp : public store::Op {
  public:
    RetireOp(std::string rail, Seal seal, int64_t at_us, std::string address, std::shared_ptr<int64_t> from_us)
        : rail_(std::move(rail)),
          seal_(std::move(seal)),
          at_us_(at_us),
          address_(std::move(address)),
          from_us_(std::move(from_us)) {}
    Status check(store::Db& db) override {
        TRY(row_, sql::load_address(db, rail_, address_));
        if (!row_) return Error(ErrorCode::resource_not_found, "the book does not have that address");
        if (!seal_.fits(*row_)) return Error(ErrorCode::conflict, "the address's seal does not fit");
        return {};
    }
    Status apply(store::Db& db) override {
        if (row_->retired_us == 0) row_->retired_us = at_us_;
        *from_us_ = row_->retired_us;
        row_->seal = seal_.of(*row_);
        return sql::update_address(db, *row_);
    }

  private:
    std::string rail_;
    Seal seal_;
    int64_t at_us_;
    std::string address_;
    std::shared_ptr<int64_t> from_us_;
    std::optional<sql::AddressRow> row_;
};

/// Finds the account's address, or gives it the first free one.
class AssignOp : public store::Op {
  public:
    AssignOp(std::string rail, Seal seal, AccountId account, std::shared_ptr<std::string> address)
        : rail_(std::move(rail)), seal_(std::move(seal)), account_(account), address_(std::move(address)) {}
    Status check(store::Db& db) override {
        free_.reset();
        address_->clear();
        const int64_t now = now_us();
        TRY(const auto own, sql::addresses_of(db, rail_, account_));
        for (const auto& row : own)
            if (shown(row, now) && seal_.fits(row)) *address_ = row.address;
        if (!address_->empty()) return {};
        TRY(free_, first_free(db, now));
        if (!free_) return used_up();
        return {};
    }
    Status apply(store::Db& db) override {
        if (!free_) return {};
        auto row = *free_;
        row.account = account_;
        row.assigned_us = now_us();
        row.seal = seal_.of(row);
        *address_ = row.address;
        return sql::update_address(db, row);
    }

  private:
    Result<std::optional<sql::AddressRow>> first_free(store::Db& db, int64_t now) {
        for (int64_t after = 0;;) {
            TRY(const auto rows, sql::free_addresses(db, rail_, now, after, 100));
            for (const auto& row : rows) {
                if (seal_.fits(row)) return std::optional(row);
                report_broken(row);
                after = row.id;
            }
            if (rows.empty()) return std::optional<sql::AddressRow>{};
        }
    }
    std::string rail_;
    Seal seal_;
    AccountId account_;
    std::shared_ptr<std::string> address_;
    std::optional<sql::AddressRow> free_;
};

store::Batch batch_of(std::unique_ptr<store::Op> first, store::Ops with) {
    store::Batch batch;
    batch.ops.push_back(std::move(first));
    for (auto& op : with) batch.ops.push_back(std::move(op));
    return batch;
}
}  // namespace

std::string Seal::of(const sql::AddressRow& row) const { return of_text(statement(row), place(row)); }
bool Seal::fits(const sql::AddressRow& row) const { return fits_text(statement(row), row.seal, place(row)); }

Result<Imported> AddressBook::import_now(std::vector<std::string> addresses, store::Ops with) {
    if (addresses.empty() || addresses.size() > max_import)
        return Error(ErrorCode::bad_param, fmt::format("give 1 to {} addresses", max_import)).param("addresses");
    std::set<std::string> seen;
    std::vector<std::string> distinct;
    for (size_t i = 0; i < addresses.size(); ++i) {
        if (!tron::from_base58(addresses[i]))
            return Error(ErrorCode::bad_param,
                         fmt::format("line {}: '{}' is no TRON address (34 characters, T..., with its checksum)", i + 1,
                                     addresses[i].substr(0, 40)))
                .param("addresses");
        if (seen.insert(addresses[i]).second) distinct.push_back(std::move(addresses[i]));
    }
    auto result = std::make_shared<Imported>();
    auto op = std::make_unique<ImportOp>(rail_, seal_, delay_us_, std::move(distinct), result);
    TRYV(store_.commit_now(batch_of(std::move(op), std::move(with))));
    log::warn("topup_addresses_imported", {{"rail", rail_}, {"added", result->added}, {"known", result->known}});
    return *result;
}

Result<int64_t> AddressBook::retire_now(std::string address, store::Ops with) {
    auto from = std::make_shared<int64_t>(0);
    auto op = std::make_unique<RetireOp>(rail_, seal_, now_us() + delay_us_, address, from);
    TRYV(store_.commit_now(batch_of(std::move(op), std::move(with))));
    log::warn("topup_address_retired", {{"rail", rail_}, {"address", address}});
    return *from;
}

Result<std::string> AddressBook::address_of_now(AccountId account) {
    auto address = std::make_shared<std::string>();
    TRYV(store_.commit_now(batch_of(std::make_unique<AssignOp>(rail_, seal_, account, address), {})));
    return *address;
}

rt::Task<Result<std::string>> AddressBook::address_of(AccountId account) {
    auto address = std::make_shared<std::string>();
    auto batch = batch_of(std::make_unique<AssignOp>(rail_, seal_, account, address), {});
    auto done = co_await store_.commit(std::move(batch));
    if (!done) co_return std::move(done).error();
    co_return *address;
}

Result<std::vector<AddressBook::Listed>> AddressBook::list_now(int64_t after, int64_t limit) {
    std::vector<Listed> out;
    TRYV(store_.read_now([&](store::Db& db) -> Status {
        TRY(auto rows, sql::list_addresses(db, rail_, after, limit));
        for (auto& row : rows) {
            const bool sealed = seal_.fits(row);
            out.push_back({std::move(row), sealed});
        }
        return {};
    }));
    return out;
}

rt::Task<Result<std::vector<sql::AddressRow>>> AddressBook::watched() {
    auto rows = std::make_shared<std::vector<sql::AddressRow>>();
    std::function<Status(store::Db&)> read = [rows, rail = rail_, seal = seal_](store::Db& db) -> Status {
        for (int64_t after = 0;;) {
            TRY(auto some, sql::assigned_addresses(db, rail, after, page));
            if (some.empty()) return {};
            after = some.back().id;
            for (auto& row : some) {
                if (seal.fits(row))
                    rows->push_back(std::move(row));
                else
                    report_broken(row);
            }
        }
    };
    auto done = co_await store_.read(std::move(read));
    if (!done) co_return std::move(done).error();
    co_return std::move(*rows);
}

Result<sql::Pool> AddressBook::count_now() {
    sql::Pool pool;
    TRYV(store_.read_now([&](store::Db& db) -> Status {
        TRY(pool, sql::count_addresses(db, rail_, now_us()));
        return {};
    }));
    return pool;
}

}  // namespace aig::topup
