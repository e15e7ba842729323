/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unpack_answer.h - what box-image answers: one JSON object on stdout, what was asked for or the error value, field by field, so that the
 * user sees the same words as if box had done it itself.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

struct error;

struct unpack_answer {
	char *image;  /* digest, where an image was made or looked at */
	char *source; /* of a pull: what the registry calls the image */
	struct list loaded; /* of a load: "DIGEST NAME" of each image, also where a later one failed */
	struct list told; /* of a survey (images/unpack/wire.h) */
	struct list warnings;
	int64_t kind, sys; /* of the error; ERROR_NONE: it went well */
	char *text, *hint;
};

void unpack_answer_dump(const struct unpack_answer *answer, struct text *ret);
int unpack_answer_decode(const char *json, size_t length, struct unpack_answer *ret, struct error *e);
void unpack_answer_release(struct unpack_answer *answer);
/* Takes the answer apart: warnings go to the log, an error becomes e as it was (-1). words: what was asked for. */
int unpack_answer_judge(const char *words, const struct unpack_answer *answer, struct error *e);
