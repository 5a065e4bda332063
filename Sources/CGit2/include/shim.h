#pragma once
#include <git2.h>

// git_libgit2_opts(3) is variadic, which Swift cannot call and C cannot forward: its address, and one typed function
// for each option used.

typedef int (*caisson_git_opts)(int option, ...);

caisson_git_opts caisson_git_libgit2_opts(void);

static inline int caisson_git_set_search_path(git_config_level_t level, const char *path) {
    return caisson_git_libgit2_opts()(GIT_OPT_SET_SEARCH_PATH, level, path);
}

static inline int caisson_git_set_owner_validation(int enabled) {
    return caisson_git_libgit2_opts()(GIT_OPT_SET_OWNER_VALIDATION, enabled);
}

static inline int caisson_git_set_certificates(const char *file, const char *directory) {
    return caisson_git_libgit2_opts()(GIT_OPT_SET_SSL_CERT_LOCATIONS, file, directory);
}

static inline int caisson_git_set_user_agent(const char *agent) {
    return caisson_git_libgit2_opts()(GIT_OPT_SET_USER_AGENT, agent);
}

static inline int caisson_git_set_pack_object_limit(size_t count) {
    return caisson_git_libgit2_opts()(GIT_OPT_SET_PACK_MAX_OBJECTS, count);
}

static inline int caisson_git_set_object_verification(int enabled) {
    return caisson_git_libgit2_opts()(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, enabled);
}

static inline int caisson_git_set_fsync(int enabled) {
    return caisson_git_libgit2_opts()(GIT_OPT_ENABLE_FSYNC_GITDIR, enabled);
}

static inline int caisson_git_set_window_size(size_t bytes) {
    return caisson_git_libgit2_opts()(GIT_OPT_SET_MWINDOW_SIZE, bytes);
}

static inline int caisson_git_set_window_limit(size_t bytes) {
    return caisson_git_libgit2_opts()(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, bytes);
}

static inline int caisson_git_set_open_pack_limit(size_t count) {
    return caisson_git_libgit2_opts()(GIT_OPT_SET_MWINDOW_FILE_LIMIT, count);
}
