/*
 * replay.c - runs a fuzz target over its corpus without a fuzzer: every
 * file, every start of it, and a few thousand seeded mutations.
 *
 * Usage: fuzz_X CORPUS_FOLDER. The same bytes every time.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 1 << 16, MUTATIONS = 2000, PREFIX_STEPS = 300 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t runs;

/* In a block of exact size, so that reading over its end is seen. */
static void
run(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size > 0 ? size : 1);

	if (copy == NULL)
		abort();
	memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
	runs++;
}

/* One in two is a byte that JSON gives a meaning, or UTF-8 none. */
static uint8_t
any_byte(unsigned *seed)
{
	static const char tokens[] = "{}[]\",:\\u0eE+-.19tfn\x80\xED\xFF";
	int r = rand_r(seed);

	if (r % 2 == 0)
		return (uint8_t)(r >> 8);
	return (uint8_t)tokens[(size_t)(r >> 8) % sizeof(tokens)];
}

static void
mutate(const uint8_t *data, size_t size, unsigned seed)
{
	uint8_t *copy = malloc(size + 1);
	int i;

	if (copy == NULL || size == 0) {
		free(copy);
		return;
	}
	for (i = 0; i < MUTATIONS; i++) {
		int edits = 1 + rand_r(&seed) % 4;

		memcpy(copy, data, size);
		while (edits-- > 0)
			copy[(size_t)rand_r(&seed) % size] = any_byte(&seed);
		run(copy, size);
	}
	free(copy);
}

static void
replay(const char *path)
{
	static uint8_t data[FILE_MAX];
	FILE *f = fopen(path, "rb");
	size_t n, i;

	if (f == NULL) {
		perror(path);
		exit(EXIT_FAILURE);
	}
	n = fread(data, 1, sizeof(data), f);
	fclose(f);
	for (i = 0; i < n; i += 1 + n / PREFIX_STEPS)
		run(data, i);
	run(data, n);
	mutate(data, n, (unsigned)n);
}

int
main(int argc, char **argv)
{
	DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;
	struct dirent *e;
	char path[4096];

	if (dir == NULL) {
		fprintf(stderr, "usage: %s CORPUS_FOLDER\n", argv[0]);
		return EXIT_FAILURE;
	}
	while ((e = readdir(dir)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", argv[1], e->d_name);
		replay(path);
	}
	closedir(dir);
	printf("%zu inputs\n", runs);
	return runs > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
