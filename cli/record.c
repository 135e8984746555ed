/* cli/record.c - see record.h. What cannot be found out is null, never made up. */
#include "cli/record.h"

#include "cli/json.h"
#include "cli/message.h"
#include "cli/small_file.h"
#include "elf/format.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

enum { BOOT_ID = 36 };

/* A day of the Gregorian calendar, as day 0 = 1970-01-01. The year is thought to begin in March, which puts the leap day
 * at its end: month m (0 = March) begins on day (153 m + 2) / 5 of it. 719468 days lie between 0000-03-01 and 1970. */
typedef struct Date {
    int64_t year;
    int month, day;
} Date;

static Date date_of(int64_t day)
{
    int64_t era = (day += 719468) / 146097, of_era = day % 146097; /* 400 years */
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int rest = (int)(of_era - (365 * year + year / 4 - year / 100)), month = (5 * rest + 2) / 153;
    Date d = {era * 400 + year, month < 10 ? month + 3 : month - 9, rest - (153 * month + 2) / 5 + 1};
    d.year += d.month <= 2;
    return d;
}

/* "2026-11-22T14:55:23.123456789Z" (RFC 3339) */
static void utc_text(char *out, size_t size, const struct timespec *t)
{
    Date d = date_of(t->tv_sec / 86400);
    int second = (int)(t->tv_sec % 86400);
    format_text(out, size, "%04lld-%02d-%02dT%02d:%02d:%02d.%09ldZ", (long long)d.year, d.month, d.day, second / 3600,
                second / 60 % 60, second % 60, t->tv_nsec);
}

static void times_json(Json *j)
{
    struct timespec utc, monotonic, boot;
    char text[64];
    clock_gettime(CLOCK_REALTIME, &utc);
    clock_gettime(CLOCK_MONOTONIC, &monotonic);
    clock_gettime(CLOCK_BOOTTIME, &boot);
    utc_text(text, sizeof text, &utc);
    json_put_z(j, "utc", text);
    json_put_u64(j, "monotonic_ns", (uint64_t)monotonic.tv_sec * 1000000000u + (uint64_t)monotonic.tv_nsec);
    json_put_u64(j, "boottime_ns", (uint64_t)boot.tv_sec * 1000000000u + (uint64_t)boot.tv_nsec);
}

static void self_json(Json *j)
{
    Input self;
    char sha256[SHA256_TEXT];
    json_put_open(j, "lvscan", '{');
    json_put_z(j, "version", LVSCAN_VERSION);
    if (input_open(&self, "/proc/self/exe", NULL)) {
        sha256_text(self.bytes, sha256);
        json_put_z(j, "sha256", sha256);
        input_close(&self);
    } else {
        json_put_z(j, "sha256", NULL);
    }
    json_close(j, '}');
}

static void arguments_json(Json *j, const Options *o)
{
    json_put_open(j, "arguments", '[');
    for (int i = 0; i < o->argc; i++)
        json_z(j, o->argv[i]);
    json_close(j, ']');
}

static void target_json(Json *j, const Input *in, Bytes build_id)
{
    struct stat st;
    char sha256[SHA256_TEXT], device[48], mtime[64];
    json_put_open(j, "target", '{');
    json_put_z(j, "path", in->path);
    if (fstat(in->fd, &st) == 0) {
        format_text(device, sizeof device, "%u:%u", major(st.st_dev), minor(st.st_dev));
        utc_text(mtime, sizeof mtime, &st.st_mtim);
        json_put_z(j, "device", device);
        json_put_u64(j, "inode", st.st_ino);
        json_put_u64(j, "size", (uint64_t)st.st_size);
        json_put_z(j, "modified", mtime);
    }
    sha256_text(in->bytes, sha256);
    json_put_z(j, "sha256", sha256);
    json_put_bytes(j, "build_id", build_id);
    json_close(j, '}');
}

/* The kernel's random id of this boot, or NULL. */
static const char *boot_id(char out[BOOT_ID + 1])
{
    bool whole = small_file_read("/proc/sys/kernel/random/boot_id", out, BOOT_ID + 1) && strlen(out) == BOOT_ID;
    return whole ? out : NULL;
}

static void host_json(Json *j)
{
    struct utsname u;
    char boot[BOOT_ID + 1];
    bool known = uname(&u) == 0;
    json_put_open(j, "host", '{');
    json_put_z(j, "name", known ? u.nodename : NULL);
    json_put_z(j, "kernel", known ? u.release : NULL);
    json_put_z(j, "kernel_version", known ? u.version : NULL);
    json_put_z(j, "machine", known ? u.machine : NULL);
    json_put_z(j, "boot_id", boot_id(boot));
    json_close(j, '}');
}

static void probe_json(Json *j, const char *key, const ProbeSpec *spec)
{
    if (key)
        json_put_open(j, key, '{');
    else
        json_open(j, '{');
    json_put_hex(j, "pc", spec->pc);
    json_put_hex(j, "file_offset", spec->off.v);
    json_put_bytes(j, "bytes", spec->bytes);
    json_close(j, '}');
}

static void record_json(Sink *t, const Options *o, const Input *in, Bytes build_id, const ProbeSpec *sites,
                        size_t nsites)
{
    Json j = {t, false};
    json_open(&j, '{');
    json_put_z(&j, "schema", "lvscan-record/1");
    times_json(&j);
    self_json(&j);
    arguments_json(&j, o);
    json_put_u64(&j, "uid", getuid());
    target_json(&j, in, build_id);
    host_json(&j);
    probe_json(&j, "probe", sites);
    if (nsites > 1) {
        json_put_open(&j, "places", '[');
        for (size_t i = 0; i < nsites; i++)
            probe_json(&j, NULL, &sites[i]);
        json_close(&j, ']');
    }
    json_close(&j, '}');
    sink_char(t, '\n');
}

bool record_write(const Options *o, Sink *out, const Input *in, Bytes build_id, const ProbeSpec *sites, size_t nsites,
                  Diag *diag)
{
    Sink t;
    if (!o->record)
        return true;
    if (strcmp(o->record, "-") == 0) {
        record_json(out, o, in, build_id, sites, nsites);
        return sink_flush(out);
    }
    int fd = open(o->record, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
    if (fd < 0)
        return diag_set(diag, 0, "--record %.60s: cannot be opened: %s", o->record, errno_text(errno));
    sink_open(&t, fd);
    record_json(&t, o, in, build_id, sites, nsites);
    sink_flush(&t);
    int error = t.error;
    sink_close(&t);
    if (close(fd) != 0 && !error)
        error = errno;
    return !error || diag_set(diag, 0, "--record %.60s: cannot be written: %s", o->record, errno_text(error));
}
