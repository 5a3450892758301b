/* SPDX-License-Identifier: MIT
 *
 * main.c: the table of commands, and the one place that prints an error and exits.
 */
#include "cli/help.h"
#include "cli/interrupt.h"
#include "cli/streams.h"
#include "core/blas.h"
#include "core/child.h"
#include "core/jsonmemory.h"
#include "core/log.h"
#include "core/nearest.h"
#include "core/parallel.h"
#include "data/text/bytecodec.h"
#include "data/text/ziparchive.h"
#include "data/bagfile/bagfile.h"
#include "data/h5/h5.h"
#include "data/matlab/matprobe.h"
#include "data/vectors/slidefile.h"
#include "run/manifest.h"

#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <yaml.h>
#include <zlib.h>

extern const Command command_baseline, command_bench, command_check, command_crossval, command_evaluate,
    command_explain, command_export, command_help, command_import, command_inspect, command_memory, command_predict,
    command_report, command_simulate, command_stack, command_study, command_train;

/* A row a command. */
/* clang-format off */
const Command *const commands[] = {
    &command_import,
    &command_simulate,
    &command_check,
    &command_train,
    &command_crossval,
    &command_baseline,
    &command_stack,
    &command_study,
    &command_evaluate,
    &command_predict,
    &command_explain,
    &command_inspect,
    &command_memory,
    &command_report,
    &command_export,
    &command_bench,
    &command_help,
    NULL,
};
/* clang-format on */

static const ChildVisitor *const visitors[] = {&matprobe_visitor, &slidefile_visitor, &bagfile_visitor, NULL};

static int report(Status status)
{
    fflush(stdout);
    if (status != OK) {
        const char *sentence = status_sentence();
        fprintf(stderr, "hopsack: %s\n", *sentence ? sentence : status_words(status));
    }
    return status_exit_code(status);
}

static Status print_version(void)
{
    TRY(blas_start());
    json_t *machine = manifest_machine();
    size_t k;
    const json_t *flag;
    printf("hopsack " HOPSACK_VERSION "\n%s, kernel %s\n", blas_version(), blas_kernel());
    printf("HDF5 %s, jansson %s, libyaml %s, zlib %s\n", h5_version(), jansson_version_str(),
           yaml_get_version_string(), zlibVersion());
    char libraries[200];
    const char *zip = ziparchive_version();
    printf("%s, %s%s\n", bytecodec_libraries(libraries, sizeof libraries), zip ? "libzip " : "no libzip",
           zip ? zip : "");
    printf("CPU %s, kernels %s, flags", json_string_value(json_object_get(machine, "cpu")),
           json_string_value(json_object_get(machine, "kernels")));
    json_array_foreach(json_object_get(machine, "cpu_flags"), k, flag)
    {
        printf(" %s", json_string_value(flag));
    }
    printf("\n");
    json_decref(machine);
    return OK;
}

static Status unknown_command(const char *name)
{
    const char *names[64];
    int n = 0;
    for (const Command *const *c = commands; *c && n < 63; c++) names[n++] = (*c)->name;
    names[n] = NULL;
    const char *near = nearest_name(name, names);
    if (name[0] == '-')
        return fail(ERR_USAGE, "%s: flags follow the command: hopsack COMMAND %s (hopsack help lists commands)", name,
                    name);
    if (near) return fail(ERR_USAGE, "unknown command '%s': did you mean %s? (hopsack help lists all)", name, near);
    return fail(ERR_USAGE, "unknown command '%s'; hopsack help lists all", name);
}

static void last_line(const Cli *cli, double started)
{
    log_info("hopsack %s, seed %" PRIu64 ", %.2f s wall, %.2f s CPU, %.1f MB peak", HOPSACK_VERSION, cli->seed,
             log_seconds() - started, log_cpu_seconds(), (double)log_peak_memory() / 1e6);
}

/* A thread without work spins for milliseconds by default, which on a machine that others use too costs more than it
 * gains: 500 updates of 8 000 sequences on two busy cores took 8.5 to 18.7 s, with this 2.9 s. The OpenMP runtime reads
 * it before main, so the program starts itself again; if that fails, it is merely slow. */
static void wait_politely(char **argv)
{
    if (getenv("OMP_WAIT_POLICY") || getenv("GOMP_SPINCOUNT")) return;
    setenv("OMP_WAIT_POLICY", "passive", 1);
    setenv("GOMP_SPINCOUNT", "1000", 1);
    execv("/proc/self/exe", argv);
}

/* Commands without -o have no other result than what they print. */
static bool prints_result(const Cli *cli)
{
    return cli->json || cli->dry_run || !cli_has_output(cli->command);
}

static Status run_command(Cli *cli)
{
    const double started = log_seconds();
    log_level(cli->quiet ? LOG_QUIET : cli->verbose ? LOG_VERBOSE : LOG_NORMAL);
    if (prints_result(cli)) TRY(streams_need_output());
    TRY(parallel_start(cli->threads));
    TRY(cli->command->run(cli));
    TRY(streams_close_output());
    last_line(cli, started);
    return OK;
}

static Status parse_and_run(const Command *command, int argc, char **argv)
{
    static Cli cli; /* some tens of kilobytes */
    Status status = cli_parse(&cli, command, argc, argv);
    if (status == OK && cli.help) help_short(stdout, command);
    if (status == OK && !cli.help && cli.threads != 1) wait_politely(argv);
    if (status == OK) status = cli.help ? streams_close_output() : run_command(&cli);
    cli_free(&cli);
    return status;
}

/* The workspace that one fold gives back is the next one's, without a page fault for each of its pages: 2 ms of a Tiger
 * fold's 64. Larger pieces go back to the system as ever. */
static void keep_memory(void)
{
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, 16 << 20);
    mallopt(M_TRIM_THRESHOLD, 64 << 20);
#endif
}

int main(int argc, char **argv)
{
    streams_open();
    interrupt_clean();
    keep_memory();
    signal(SIGXFSZ, SIG_IGN); /* a file size limit is an error of write, with its sentence */
    jsonmemory_start();
    if (argc < 2) {
        help_overview(stderr);
        return report(fail(ERR_USAGE, "no command; hopsack help lists them"));
    }
    if (strcmp(argv[1], CHILD_WORD) == 0 && argc == 3) child_serve(argv[2], visitors);
    child_enable();
    const char *name = argv[1];
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) return report(print_version());
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) name = "help";
    const Command *command = cli_command(name);
    return report(command ? parse_and_run(command, argc, argv) : unknown_command(name));
}
