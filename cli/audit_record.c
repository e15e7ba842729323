/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit_record.c - one line of the audit trail.
 */
#include "cli/audit_record.h"

#include "base/error.h"
#include "base/json_text.h"
#include "specs/field.h"

#define AT(member) offsetof(struct audit_image, member)
static const struct field image_fields[] = {
	{ "name", FIELD_TEXT, AT(name), .help = "its name" },
	{ "before", FIELD_TEXT, AT(before), .help = "what the name stood for" },
	{ "after", FIELD_TEXT, AT(after), .help = "what it stands for" },
	{ 0 },
};
#undef AT

#define AT(member) offsetof(struct audit_record, member)
static const struct field record_fields[] = {
	{ "seq", FIELD_INTEGER, AT(seq), .flags = FIELD_REQUIRED, .min = 1, .max = INT64_MAX, .help = "number of the line" },
	{ "previous", FIELD_TEXT, AT(previous), .flags = FIELD_REQUIRED, .help = "digest of the line before" },
	{ "torn", FIELD_BOOL, AT(torn), .help = "the line before was cut" },
	{ "time", FIELD_TEXT, AT(time), .flags = FIELD_REQUIRED, .help = "when it ended" },
	{ "duration_us", FIELD_INTEGER, AT(duration_us), .max = INT64_MAX, .help = "how long it took" },
	{ "verb", FIELD_TEXT, AT(verb), .flags = FIELD_REQUIRED, .help = "the command" },
	{ "uid", FIELD_INTEGER, AT(uid), .flags = FIELD_REQUIRED, .max = UINT32_MAX, .help = "real user id of the caller" },
	{ "login_uid", FIELD_INTEGER, AT(login_uid), .max = UINT32_MAX, .help = "who logged in" },
	{ "ssh", FIELD_TEXT, AT(ssh), .help = "SSH_CONNECTION" },
	{ "terminal", FIELD_TEXT, AT(terminal), .help = "the caller's" },
	{ "folder", FIELD_TEXT, AT(folder), .help = "the caller's working folder" },
	{ "argv", FIELD_TEXT_LIST, AT(argv), .help = "the command line, without secrets" },
	{ "containers", FIELD_TEXT_LIST, AT(containers), .help = "names" },
	{ "objects", FIELD_TEXT_LIST, AT(objects), .help = "names of volumes or networks" },
	{ "spec", FIELD_TEXT, AT(spec), .help = "digest of the spec" },
	{ "images", FIELD_OBJECT_LIST, AT(images), .sub = image_fields, .size = sizeof(struct audit_image), .count_offset = AT(image_count),
	  .help = "digests" },
	{ "result", FIELD_TEXT, AT(result), .flags = FIELD_REQUIRED, .help = "ok, failed or ended" },
	{ "exit_code", FIELD_INTEGER, AT(exit_code), .max = 255, .help = "of box" },
	{ 0 },
};
#undef AT

static void add_list(struct text *ret, const char *key, const struct list *list)
{
	if (!list->count)
		return;
	json_add_key(ret, key);
	json_add_array(ret, list);
}

static void add_images(struct text *ret, const struct audit_record *record)
{
	if (!record->image_count)
		return;
	json_add_key(ret, "images");
	text_add_char(ret, '[');
	for (size_t i = 0; i < record->image_count; i++) {
		text_add(ret, i ? ",{" : "{");
		json_add_member(ret, "name", record->images[i].name);
		json_add_member(ret, "before", record->images[i].before);
		json_add_member(ret, "after", record->images[i].after);
		text_add_char(ret, '}');
	}
	text_add_char(ret, ']');
}

void audit_record_write(const struct audit_record *record, struct text *ret)
{
	text_add(ret, "\"time\":");
	json_add_text(ret, record->time);
	json_add_number(ret, "duration_us", (uint64_t)record->duration_us);
	json_add_member(ret, "verb", record->verb);
	json_add_number(ret, "uid", (uint64_t)record->uid);
	if (record->login_uid >= 0)
		json_add_number(ret, "login_uid", (uint64_t)record->login_uid);
	json_add_member(ret, "ssh", record->ssh);
	json_add_member(ret, "terminal", record->terminal);
	json_add_member(ret, "folder", record->folder);
	add_list(ret, "argv", &record->argv);
	add_list(ret, "containers", &record->containers);
	add_list(ret, "objects", &record->objects);
	json_add_member(ret, "spec", record->spec);
	add_images(ret, record);
	json_add_member(ret, "result", record->result);
	json_add_number(ret, "exit_code", (uint64_t)record->exit_code);
}

int audit_record_read(const char *line, size_t length, const char *name, struct audit_record *ret, struct error *e)
{
	*ret = (struct audit_record){ .login_uid = -1 };
	if (field_decode_text(line, length, name, record_fields, ret, e) == 0)
		return 0;
	audit_record_release(ret);
	return -1;
}

void audit_record_release(struct audit_record *record)
{
	field_release(record_fields, record);
}
