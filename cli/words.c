/* SPDX-License-Identifier: Apache-2.0 */
/*
 * words.c - what several commands read in the values of their options.
 */
#include "cli/words.h"

#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/number.h"
#include "base/text.h"

const char *filter_value(const char *filter, const char *key)
{
	size_t length = strlen(key);

	return strncmp(filter, key, length) == 0 && filter[length] == '=' ? filter + length + 1 : NULL;
}

int filters_check(const struct list *filters, const char *const *keys, struct error *e)
{
	for (size_t i = 0; i < filters->count; i++) {
		autorelease(text) struct text all = { 0 };
		bool is_known = false;

		for (size_t k = 0; keys[k]; k++) {
			is_known |= filter_value(filters->items[i], keys[k]) != NULL;
			text_addf(&all, "%s%s=", k == 0 ? "" : keys[k + 1] ? ", " : " or ", keys[k]);
		}
		if (!is_known)
			return error_set(e, ERROR_USAGE, "option --filter %s: expected %s with a value", filters->items[i], all.data);
	}
	return 0;
}

bool filters_fit(const struct list *filters, const char *const *keys, bool (*has)(const void *object, const char *key, const char *value),
		 const void *object)
{
	for (size_t k = 0; keys[k]; k++) {
		bool is_asked = false, is_fit = false;

		for (size_t i = 0; i < filters->count; i++) {
			const char *value = filter_value(filters->items[i], keys[k]);

			is_asked |= value != NULL;
			is_fit |= value && has(object, keys[k], value);
		}
		if (is_asked && !is_fit)
			return false;
	}
	return true;
}

/* "", "Z", "+01:00": seconds east of UTC. */
static int parse_zone(const char *words, int64_t *ret)
{
	int64_t hours, minutes;
	char digits[3] = "";

	*ret = 0;
	if (!*words || strcmp(words, "Z") == 0)
		return 0;
	if ((*words != '+' && *words != '-') || strlen(words) != 6 || words[3] != ':')
		return -1;
	memcpy(digits, words + 1, 2);
	hours = (digits[0] - '0') * 10 + (digits[1] - '0');
	minutes = (words[4] - '0') * 10 + (words[5] - '0');
	if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
		return -1;
	*ret = (hours * 60 + minutes) * (*words == '-' ? -60 : 60);
	return 0;
}

static int parse_date(const char *words, int64_t *ret)
{
	static const char *const forms[] = { "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d" };

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		struct tm parts = { 0 };
		const char *rest = strptime(words, forms[i], &parts);
		int64_t zone;

		/* A fraction of a second says nothing here. */
		if (rest && *rest == '.')
			rest += 1 + strspn(rest + 1, "0123456789");
		if (!rest || parse_zone(rest, &zone))
			continue;
		*ret = (int64_t)timegm(&parts) - zone;
		return 0;
	}
	return -1;
}

int moment_parse(const char *option, const char *words, int64_t *ret_seconds, struct error *e)
{
	int64_t us;

	if (number_parse(words, 0, INT64_MAX / 2, ret_seconds) == 0 || parse_date(words, ret_seconds) == 0)
		return 0;
	if (duration_parse(words, &us))
		return error_set(e, ERROR_USAGE, "option --%s %s: expected a time such as 10m, 2026-01-02T15:04:05 or seconds since 1970", option,
				 words);
	*ret_seconds = (int64_t)time(NULL) - us / 1000000;
	return 0;
}
