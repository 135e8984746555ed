/* fuzz/replay.c - a main for fuzz targets without libFuzzer: runs the target once on each file named, and on nothing,
 * so that the committed corpora are replayed under any compiler and sanitizer. Fails when a file cannot be read. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Runs the target on the file's bytes, in a block of just their size, so that a read past them is seen. */
static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0)
        return -1;
    long size = ftell(file);
    uint8_t *data = size >= 0 ? malloc((size_t)size + !size) : NULL;
    rewind(file);
    int status = data && fread(data, 1, (size_t)size, file) == (size_t)size ? 0 : -1;
    fclose(file);
    if (status == 0)
        LLVMFuzzerTestOneInput(data, (size_t)size);
    free(data);
    return status;
}

int main(int argc, char **argv)
{
    LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    for (int i = 1; i < argc; i++) {
        if (replay_file(argv[i]) != 0) {
            fprintf(stderr, "%s: cannot be read\n", argv[i]);
            return 1;
        }
    }
    return 0;
}
