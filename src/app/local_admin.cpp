#include "app/local_admin.h"

#include <fmt/format.h>
#include <unistd.h>

#include <optional>

#include "api/admin/admin.h"
#include "app/config.h"
#include "app/files.h"
#include "store/dir_lock.h"

namespace aig::app {
namespace {

class LocalAdmin final : public cli::AdminTransport {
  public:
    Status open(const std::string& data_dir) {
        TRYV(make_folder(data_dir));
        TRY(lock_, store::DirLock::take(data_dir));
        store::Options options;
        options.path = data_dir + "/aig.db";
        TRY(store_, store::Store::open(options));
        TRY(book_, ledger::Book::open(*store_, false));
        TRY(directory_, identity::Directory::open(*store_));
        admin_ = std::make_unique<api::Admin>(*store_, *book_, *directory_);
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
    std::unique_ptr<ledger::Book> book_;
    std::unique_ptr<identity::Directory> directory_;
    std::unique_ptr<api::Admin> admin_;
};
}  // namespace

Result<std::string> data_dir_of(const cli::Place& place) {
    if (place.config_file.empty()) return place.data_dir.empty() ? std::string("./data") : place.data_dir;
    return config_data_dir(place.config_file);
}

Result<std::unique_ptr<cli::AdminTransport>> open_in_process(const cli::Place& place) {
    TRY(const auto data_dir, data_dir_of(place));
    auto admin = std::make_unique<LocalAdmin>();
    TRYV(admin->open(data_dir));
    return std::unique_ptr<cli::AdminTransport>(std::move(admin));
}

}  // namespace aig::app
