#include "app/local_admin.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <optional>

#include "api/admin/admin.h"
#include "app/config.h"
#include "app/files.h"
#include "app/secrets.h"
#include "catalogue/price_lists.h"
#include "store/dir_lock.h"

namespace aig::app {
namespace {

class LocalAdmin final : public cli::AdminTransport {
  public:
    Status open(const Books& books) {
        TRY(lock_, store::DirLock::take(books.data_dir));
        store::Options options;
        options.path = books.data_dir + "/aig.db";
        TRY(store_, store::Store::open(options));
        TRY(sealer_, store::Sealer::open(*store_, seal_options(books.data_dir)));
        TRY(book_, ledger::Book::open(*store_, false));
        TRY(directory_, identity::Directory::open(*store_));
        TRY(price_lists_, catalogue::PriceLists::open(*store_));
        api::AdminHooks hooks;
        hooks.currency = books.currency;
        hooks.price_lists = price_lists_.get();
        hooks.sealer = sealer_.get();
        admin_ = std::make_unique<api::Admin>(*store_, *book_, *directory_, std::move(hooks));
        return {};
    }
    Result<cli::AdminReply> call(cli::AdminRequest r) override {
        auto reply = admin_->answer({std::move(r.method), std::move(r.path), std::move(r.query), std::move(r.body),
                                     "operator:local", fmt::format("uid {}", getuid())});
        return cli::AdminReply{reply.status, std::move(reply.json)};
    }

  private:
    std::optional<store::DirLock> lock_;
    std::unique_ptr<store::Store> store_;
    std::unique_ptr<store::Sealer> sealer_;
    std::unique_ptr<ledger::Book> book_;
    std::unique_ptr<identity::Directory> directory_;
    std::unique_ptr<catalogue::PriceLists> price_lists_;
    std::unique_ptr<api::Admin> admin_;
};
/// A configuration says where the books shall be, also before the first start. A mistyped --data says nothing: it makes
/// no folder.
Status holds_books(const std::string& folder) {
    std::error_code ignored;
    if (std::filesystem::exists(std::filesystem::path(folder) / "aig.db", ignored)) return {};
    return Error(ErrorCode::bad_param,
                 fmt::format("{} holds no aig.db. Give the folder of a gateway (data_dir in its configuration), or "
                             "--config FILE to begin new books.",
                             folder));
}

Result<Books> books_of(const cli::Place& place) {
    if (place.config_file.empty()) return Books{place.data_dir.empty() ? "./data" : place.data_dir, "USD"};
    return config_books(place.config_file);
}
}  // namespace

Result<std::string> data_dir_of(const cli::Place& place) {
    TRY(auto books, books_of(place));
    return std::move(books.data_dir);
}

Result<std::unique_ptr<cli::AdminTransport>> open_in_process(const cli::Place& place) {
    TRY(const auto books, books_of(place));
    if (place.config_file.empty())
        TRYV(holds_books(books.data_dir));
    else
        TRYV(make_folder(books.data_dir));
    auto admin = std::make_unique<LocalAdmin>();
    TRYV(admin->open(books));
    return std::unique_ptr<cli::AdminTransport>(std::move(admin));
}

}  // namespace aig::app
