// Secrets at rest: sealed with XChaCha20-Poly1305 under a data key; the data keys lie in the database, wrapped by a
// root key that does not: data_dir/secret.key (0600, made once) or AIG_SECRET_KEY. A copy of the database alone opens
// nothing. What is sealed is bound to its place (table, row, column): moved elsewhere it does not open. Rotating makes
// a new root key and a new data key for what is sealed from then on, and wraps the old ones anew, so nothing sealed has
// to be found and rewritten. With the key in the environment, rotating is a restart with AIG_SECRET_KEY_OLD beside the
// new one.
//
// seal() and unseal(): any thread, no I/O. open() and rotate() block. Refuses a key file that others can read.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "store/store.h"

namespace aig::store {

struct SealOptions {
    std::string data_dir;
    std::string key, old_key;  ///< AIG_SECRET_KEY, AIG_SECRET_KEY_OLD: 64 hex digits; "" = the file
};

class Sealer {
  public:
    /// config_invalid: no root key that opens this database, or a file that others can read.
    static Result<std::unique_ptr<Sealer>> open(Store& store, const SealOptions& options);
    ~Sealer();
    /// `bound_to`: "table|row|column".
    Result<std::string> seal(std::string_view plain, std::string_view bound_to) const;
    /// internal when it was not sealed here, or for another place.
    Result<std::string> unseal(std::string_view sealed, std::string_view bound_to) const;
    /// The same as base64url, for what travels in JSON.
    Result<std::string> seal_text(std::string_view plain, std::string_view bound_to) const;
    Result<std::string> unseal_text(std::string_view sealed, std::string_view bound_to) const;
    /// `with` commits along. conflict when the key comes from the environment.
    Status rotate(Ops with);

    struct Keys;  ///< in seal.cpp

  private:
    Sealer(Store& store, std::string file, std::shared_ptr<const Keys> keys)
        : store_(store), file_(std::move(file)), keys_(std::move(keys)) {}
    std::shared_ptr<const Keys> keys() const;

    Store& store_;
    std::string file_;  ///< "" = the key comes from the environment
    mutable std::mutex mutex_;
    std::mutex rotating_;
    std::shared_ptr<const Keys> keys_;
};

}  // namespace aig::store
