// aig: one binary. The command line is cli's; what it may start is handed in here.
#include <sys/stat.h>

#include "app/commands_config.h"
#include "app/commands_prices.h"
#include "app/descriptors.h"
#include "app/dev.h"
#include "app/local_admin.h"
#include "app/serve.h"
#include "cli/cli.h"
#include "store/store.h"

int main(int argc, char** argv) {
    using namespace aig;
    ::umask(077);  // databases, tokens and sockets are the operator's alone, in whatever folder they lie
    app::raise_descriptor_limit();
    cli::CliHooks hooks;
    hooks.version = AIG_VERSION;
    hooks.schema_version = store::newest_schema();
    hooks.serve = app::run_serve;
    hooks.dev = app::run_dev;
    hooks.sim = app::run_sim;
    hooks.config_check = app::config_check;
    hooks.config_schema = app::config_schema;
    hooks.config_docs = app::config_docs;
    hooks.prices_diff = app::prices_diff;
    hooks.prices_import = app::prices_import;
    hooks.data_dir = app::data_dir_of;
    hooks.open_in_process = app::open_in_process;
    return cli::run(argc, argv, hooks);
}
