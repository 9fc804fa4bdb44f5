/* attr.h - compiler attributes the house style relies on. */
#ifndef COMMON_BASE_ATTR_H
#define COMMON_BASE_ATTR_H

#define NODISCARD __attribute__((warn_unused_result))
#define PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#define CLEANUP(fn) __attribute__((cleanup(fn)))
#define UNUSED __attribute__((unused))

/* Moves an owned pointer out of its auto_ variable: the only way out. */
#define TAKE(p)                                                                \
	__extension__({                                                        \
		__typeof__(p) *take_ = &(p);                                   \
		__typeof__(p) taken_ = *take_;                                 \
		*take_ = NULL;                                                 \
		taken_;                                                        \
	})

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* czmq brings the system's own. */
#ifndef MIN
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#endif

/* Built with a sanitizer, which brings its own malloc? */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED
#endif
#endif

/* Defines auto_NAME: a variable of that type is freed when it leaves scope. */
#define DEFINE_AUTO(name, type, fn)                                            \
	static inline void name##_cleanup_(type **p)                           \
	{                                                                      \
		fn(*p);                                                        \
	}                                                                      \
	typedef type *name##_ptr_ UNUSED

#define AUTO(name) CLEANUP(name##_cleanup_) name##_ptr_

#endif
