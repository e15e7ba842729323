/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay.c - run a fuzz target over files, without libFuzzer.
 *
 * usage: fuzz_TARGET FILE-OR-FOLDER…  (folders are not descended into)
 *
 * make check feeds the seed corpus and every former finding to the targets this way, under sanitizers: a crash names the
 * file that was last printed. Each input lies in a heap block of exactly its size, so that one byte too far is noticed.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t replayed;

static int replay_file(const char *path)
{
	FILE *file = fopen(path, "re");
	struct stat st;
	uint8_t *data;
	size_t size;

	if (!file || fstat(fileno(file), &st) < 0) {
		perror(path);
		if (file)
			fclose(file);
		return -1;
	}
	size = (size_t)st.st_size;
	data = malloc(size ? size : 1);
	if (!data || fread(data, 1, size, file) != size) {
		fprintf(stderr, "%s: cannot read\n", path);
		free(data);
		fclose(file);
		return -1;
	}
	fclose(file);
	printf("%s\n", path);
	fflush(stdout);
	(void)LLVMFuzzerTestOneInput(data, size);
	free(data);
	replayed++;
	return 0;
}

static int replay_folder(const char *path)
{
	struct dirent **entries;
	int count = scandir(path, &entries, NULL, alphasort);
	int result = 0;

	if (count < 0) {
		perror(path);
		return -1;
	}
	for (int i = 0; i < count; i++) {
		char file[4096];

		if (snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name) < (int)sizeof(file) &&
		    entries[i]->d_name[0] != '.' && replay_file(file) < 0)
			result = -1;
		free(entries[i]);
	}
	free(entries);
	return result;
}

int main(int argc, char **argv)
{
	int result = 0;

	for (int i = 1; i < argc; i++) {
		struct stat st;

		if (stat(argv[i], &st) < 0) {
			perror(argv[i]);
			result = -1;
		} else if ((S_ISDIR(st.st_mode) ? replay_folder(argv[i]) : replay_file(argv[i])) < 0) {
			result = -1;
		}
	}
	/* A corpus that went missing must not count as one that passed. */
	if (!replayed) {
		fprintf(stderr, "usage: %s FILE-OR-FOLDER... (no input was found)\n", argv[0]);
		return 2;
	}
	printf("%zu inputs\n", replayed);
	return result ? 1 : 0;
}
