/*
 * curve.c - the files that hold CURVE keys.
 *
 * Invariant: a pair that was read is a pair: 40 characters of Z85 each, and
 * the public half is the one that belongs to the secret.
 */
#include "common/net/curve.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

enum { FILE_BYTES_MAX = 4096, KEY_BYTES = 32 };

void
curve_pair_done(struct curve_pair *p)
{
	explicit_bzero(p->secret_key, sizeof(p->secret_key));
}

enum rc
curve_pair_make(struct curve_pair *ret, struct err *err)
{
	if (zmq_curve_keypair(ret->public_key, ret->secret_key) != 0)
		return err_set(err, RC_IO,
		    "the ZeroMQ of this machine has no CURVE: %s",
		    zmq_strerror(zmq_errno()));
	return RC_OK;
}

/* ---- writing ---- */

static bool
name_is_good(const char *name)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	size_t n = strlen(name);

	return n > 0 && n <= CURVE_NAME_MAX && strspn(name, good) == n &&
	       name[0] != '.' && name[0] != '-';
}

/* Never over a file that is there: a key that is in use cannot come back. */
static enum rc
file_make(const char *path, mode_t mode, const char *text, struct err *err)
{
	size_t n = strlen(text);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	bool good;

	if (fd < 0 && errno == EEXIST)
		return err_set(err, RC_CONFLICT,
		    "%s exists already and is left as it is; remove it first "
		    "if nothing uses it any more",
		    path);
	if (fd < 0)
		return err_set(
		    err, RC_IO, "cannot make %s: %s", path, strerror(errno));
	good = write(fd, text, n) == (ssize_t)n && fsync(fd) == 0;
	if (close(fd) != 0 || !good) {
		int code = errno;

		unlink(path);
		return err_set(
		    err, RC_IO, "cannot write %s: %s", path, strerror(code));
	}
	return RC_OK;
}

static enum rc
pair_write(const char *key, const char *pub, const char *name,
    const struct curve_pair *p, struct err *err)
{
	auto_str secret = xasprintf("# Culprit's key pair of %s: keep this "
				    "file to yourself.\n"
				    "public %s\nsecret %s\n",
	    name, p->public_key, p->secret_key);
	auto_str public = xasprintf("# Culprit's public key of %s: give it to "
				    "anybody.\npublic %s\n",
	    name, p->public_key);
	enum rc rc = file_make(key, 0600, secret, err);

	explicit_bzero(secret, strlen(secret));
	if (rc != RC_OK)
		return rc;
	rc = file_make(pub, 0644, public, err);
	if (rc != RC_OK)
		unlink(key);
	return rc;
}

enum rc
curve_keygen(const char *dir, const char *name, struct err *err)
{
	auto_str key = xasprintf("%s/%s.key", dir, name);
	auto_str pub = xasprintf("%s/%s.pub", dir, name);
	struct curve_pair p;
	enum rc rc;

	if (!name_is_good(name))
		return err_set(err, RC_INVALID,
		    "\"%s\" is no name for a key; use up to %d letters, digits "
		    "and . _ -",
		    name, CURVE_NAME_MAX);
	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		return err_set(err, RC_IO, "cannot make the folder %s: %s", dir,
		    strerror(errno));
	rc = curve_pair_make(&p, err);
	if (rc == RC_OK)
		rc = pair_write(key, pub, name, &p, err);
	curve_pair_done(&p);
	return rc;
}

/* ---- reading ---- */

/* The file's text into at most size - 1 bytes, and its permissions. Not
 * blocked by a FIFO, nor filled by a device. */
static enum rc
file_text(const char *path, char *text, size_t size, mode_t *ret_mode,
    struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	enum rc rc = RC_OK;
	struct stat st;
	ssize_t n = 0;

	if (fd < 0 || fstat(fd, &st) != 0)
		rc = err_set(
		    err, RC_IO, "cannot read %s: %s", path, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		rc = err_set(err, RC_INVALID, "%s is not a file", path);
	else if ((n = read(fd, text, size)) < 0)
		rc = err_set(
		    err, RC_IO, "cannot read %s: %s", path, strerror(errno));
	else if ((size_t)n == size)
		rc = err_set(err, RC_TOOBIG, "%s is too long for a key", path);
	if (fd >= 0)
		close(fd);
	if (rc != RC_OK)
		return rc;
	text[n] = '\0';
	*ret_mode = st.st_mode & 07777;
	return RC_OK;
}

static bool
key_is_good(const char *key)
{
	uint8_t bytes[KEY_BYTES];
	bool good =
	    strlen(key) == CURVE_TEXT - 1 && zmq_z85_decode(bytes, key) != NULL;

	explicit_bzero(bytes, sizeof(bytes));
	return good;
}

/* One line, which is changed; false: it is none of ours. */
static bool
line_take(char *line, struct curve_pair *p)
{
	char *key = line + strcspn(line, " \t");
	char *into = NULL;

	line[strcspn(line, "\r")] = '\0';
	if (line[0] == '\0' || line[0] == '#')
		return true;
	if (strncmp(line, "public", 6) == 0 && key == line + 6)
		into = p->public_key;
	if (strncmp(line, "secret", 6) == 0 && key == line + 6)
		into = p->secret_key;
	key += strspn(key, " \t");
	if (strlen(key) > CURVE_TEXT - 1 &&
	    key[CURVE_TEXT - 1 + strspn(key + CURVE_TEXT - 1, " \t")] == '\0')
		key[CURVE_TEXT - 1] = '\0';
	if (into == NULL || into[0] != '\0' || !key_is_good(key))
		return false;
	memcpy(into, key, CURVE_TEXT);
	return true;
}

static enum rc
pair_parse(const char *path, char *text, struct curve_pair *p, struct err *err)
{
	char *line, *rest = text;
	int number = 0;

	memset(p, 0, sizeof(*p));
	while ((line = strsep(&rest, "\n")) != NULL)
		if (++number > 0 && !line_take(line, p))
			return err_set(err, RC_INVALID,
			    "%s line %d is not \"public KEY\" or \"secret "
			    "KEY\" of 40 characters as `culprit keygen` writes "
			    "it",
			    path, number);
	if (p->public_key[0] == '\0')
		return err_set(err, RC_INVALID,
		    "%s has no line \"public KEY\"; make keys with `culprit "
		    "keygen`",
		    path);
	return RC_OK;
}

static enum rc
pair_read(
    const char *path, struct curve_pair *ret, mode_t *ret_mode, struct err *err)
{
	char text[FILE_BYTES_MAX];
	enum rc rc = file_text(path, text, sizeof(text), ret_mode, err);

	if (rc == RC_OK)
		rc = pair_parse(path, text, ret, err);
	explicit_bzero(text, sizeof(text));
	return rc;
}

static enum rc
pair_check(
    const char *path, const struct curve_pair *p, mode_t mode, struct err *err)
{
	char public_key[CURVE_TEXT];

	if (p->secret_key[0] == '\0')
		return err_set(err, RC_INVALID,
		    "%s holds only a public key; what is wanted here is the "
		    ".key file beside it",
		    path);
	if ((mode & 037) != 0)
		return err_set(err, RC_DENIED,
		    "other users may read %s (mode %04o); say chmod 600", path,
		    (unsigned)mode);
	if (zmq_curve_public(public_key, p->secret_key) != 0 ||
	    strcmp(public_key, p->public_key) != 0)
		return err_set(err, RC_INVALID,
		    "the two keys in %s do not belong together", path);
	return RC_OK;
}

enum rc
curve_read_key(const char *path, struct curve_pair *ret, struct err *err)
{
	struct curve_pair p = {0};
	mode_t mode;
	enum rc rc = pair_read(path, &p, &mode, err);

	if (rc == RC_OK)
		rc = pair_check(path, &p, mode, err);
	if (rc == RC_OK)
		*ret = p;
	curve_pair_done(&p);
	return rc;
}

enum rc
curve_read_pub(const char *path, char ret[static CURVE_TEXT], struct err *err)
{
	struct curve_pair p = {0};
	mode_t mode;
	enum rc rc = pair_read(path, &p, &mode, err);

	if (rc == RC_OK && p.secret_key[0] != '\0')
		rc = err_set(err, RC_INVALID,
		    "%s holds a secret key; what is wanted here is the .pub "
		    "file beside it, and the secret stays with its process",
		    path);
	else if (rc == RC_OK && (mode & 022) != 0)
		rc = err_set(err, RC_DENIED,
		    "other users may change %s (mode %04o); say chmod go-w",
		    path, (unsigned)mode);
	else if (rc == RC_OK)
		memcpy(ret, p.public_key, CURVE_TEXT);
	curve_pair_done(&p);
	return rc;
}

/* ---- folders ---- */

static bool
is_pub(const char *name)
{
	size_t n = strlen(name);

	return n > 4 && name[0] != '.' && strcmp(name + n - 4, ".pub") == 0;
}

static void
keys_add(struct curve_keys *k, const char *dir, const char *name,
    struct err *ret_bad)
{
	auto_str path = xasprintf("%s/%s", dir, name);

	if (k->n == CURVE_KEYS_MAX)
		err_set(ret_bad, RC_TOOBIG, "%s holds more than %d keys", dir,
		    CURVE_KEYS_MAX);
	else if (curve_read_pub(path, k->key[k->n], ret_bad) == RC_OK)
		k->n++;
}

enum rc
curve_read_folder(const char *dir, struct curve_keys *ret, struct err *ret_bad,
    struct err *err)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	struct stat st;

	if (d == NULL || fstat(dirfd(d), &st) != 0) {
		if (d != NULL)
			closedir(d);
		return err_set(err, RC_IO, "cannot read the folder %s: %s", dir,
		    strerror(errno));
	}
	if ((st.st_mode & 022) != 0) {
		closedir(d);
		return err_set(err, RC_DENIED,
		    "other users may put keys into %s (mode %04o); say chmod "
		    "go-w",
		    dir, (unsigned)(st.st_mode & 07777));
	}
	ret->n = 0;
	ret_bad->text[0] = '\0';
	while ((e = readdir(d)) != NULL)
		if (is_pub(e->d_name))
			keys_add(ret, dir, e->d_name, ret_bad);
	closedir(d);
	return RC_OK;
}

bool
curve_keys_have(const struct curve_keys *k, const char *public_key)
{
	size_t i;

	for (i = 0; i < k->n; i++)
		if (strcmp(k->key[i], public_key) == 0)
			return true;
	return false;
}
