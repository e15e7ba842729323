#pragma once
#include <stdio.h>

struct counts {
	long lines, words, bytes;
};

struct counts count(FILE *file);
