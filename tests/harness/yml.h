/*
 * yml.h - a YAML file, read by libyaml, as a test looks into it. Aliases are
 * followed, and a mapping has what its merge keys (<<) bring.
 *
 * What cannot be read fails the test.
 */
#ifndef TESTS_HARNESS_YML_H
#define TESTS_HARNESS_YML_H

#include <stdbool.h>

struct yml;
struct yaml_node_s;

struct yml *yml_read(const char *path);
void yml_free(struct yml *y);

/* What the path leads to, member after member: "services.planner.image"; an
 * empty path is all of it. NULL: there is no such thing. */
const struct yaml_node_s *yml_at(const struct yml *y, const char *path);

/* The same from a node on, by one name. */
const struct yaml_node_s *yml_member(
    const struct yml *y, const struct yaml_node_s *of, const char *name);

/* A scalar's text; NULL for anything else, and for one without a value. */
const char *yml_text(const struct yaml_node_s *node);

/* Calls each for every member of a mapping (with its name) or item of a
 * sequence (name NULL); node may be NULL, which has none. */
void yml_each(const struct yml *y, const struct yaml_node_s *node,
    void (*each)(void *ctx, const char *name, const struct yaml_node_s *value),
    void *ctx);

/* Whether one of the items of a sequence has this text. */
bool yml_has(
    const struct yml *y, const struct yaml_node_s *node, const char *text);

#endif
