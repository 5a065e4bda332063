#include "CLazyLibrary.h"
#include "shim.h"

static const struct caisson_library libgit2 = {
    // Each release has its own binary interface: the one whose headers these are.
    "libgit2.so." LIBGIT2_SOVERSION, "install libgit2 " LIBGIT2_SOVERSION " (Debian: libgit2-" LIBGIT2_SOVERSION ")"};

#define FORWARD(result, function, parameters, arguments) \
    CAISSON_FORWARD(libgit2, result, function, parameters, arguments)

FORWARD(const git_signature *, git_commit_author, (const git_commit *commit), (commit))
FORWARD(const git_signature *, git_commit_committer, (const git_commit *commit), (commit))
FORWARD(void, git_commit_free, (git_commit *commit), (commit))
FORWARD(int, git_commit_lookup, (git_commit **commit, git_repository *repo, const git_oid *id), (commit, repo, id))
FORWARD(const git_oid *, git_commit_parent_id, (const git_commit *commit, unsigned int n), (commit, n))
FORWARD(unsigned int, git_commit_parentcount, (const git_commit *commit), (commit))
FORWARD(const char *, git_commit_summary, (git_commit *commit), (commit))
FORWARD(const git_oid *, git_commit_tree_id, (const git_commit *commit), (commit))
FORWARD(int, git_credential_ssh_key_from_agent, (git_credential **out, const char *username), (out, username))
FORWARD(int, git_credential_ssh_key_new,
    (git_credential **out, const char *username, const char *publickey, const char *privatekey,
     const char *passphrase), (out, username, publickey, privatekey, passphrase))
FORWARD(int, git_credential_username_new, (git_credential **out, const char *username), (out, username))
FORWARD(int, git_credential_userpass_plaintext_new,
    (git_credential **out, const char *username, const char *password), (out, username, password))
FORWARD(const git_error *, git_error_last, (void), ())
FORWARD(int, git_fetch_options_init, (git_fetch_options *opts, unsigned int version), (opts, version))
FORWARD(int, git_indexer_append,
    (git_indexer *idx, const void *data, size_t size, git_indexer_progress *stats), (idx, data, size, stats))
FORWARD(int, git_indexer_commit, (git_indexer *idx, git_indexer_progress *stats), (idx, stats))
FORWARD(void, git_indexer_free, (git_indexer *idx), (idx))
FORWARD(int, git_indexer_new,
    (git_indexer **out, const char *path, unsigned int mode, git_odb *odb, git_indexer_options *opts),
    (out, path, mode, odb, opts))
FORWARD(int, git_indexer_options_init, (git_indexer_options *opts, unsigned int version), (opts, version))
FORWARD(int, git_libgit2_init, (void), ())
FORWARD(void, git_odb_free, (git_odb *db), (db))
FORWARD(int, git_odb_hash, (git_oid *out, const void *data, size_t len, git_object_t type), (out, data, len, type))
FORWARD(const void *, git_odb_object_data, (git_odb_object *object), (object))
FORWARD(void, git_odb_object_free, (git_odb_object *object), (object))
FORWARD(size_t, git_odb_object_size, (git_odb_object *object), (object))
FORWARD(int, git_odb_read, (git_odb_object **out, git_odb *db, const git_oid *id), (out, db, id))
FORWARD(int, git_odb_read_header,
    (size_t *len_out, git_object_t *type_out, git_odb *db, const git_oid *id), (len_out, type_out, db, id))
FORWARD(int, git_oid_equal, (const git_oid *a, const git_oid *b), (a, b))
FORWARD(int, git_reference_create,
    (git_reference **out, git_repository *repo, const char *name, const git_oid *id, int force,
     const char *log_message), (out, repo, name, id, force, log_message))
FORWARD(void, git_reference_free, (git_reference *ref), (ref))
FORWARD(int, git_reference_list, (git_strarray *array, git_repository *repo), (array, repo))
FORWARD(int, git_reference_name_to_id, (git_oid *out, git_repository *repo, const char *name), (out, repo, name))
FORWARD(int, git_reference_remove, (git_repository *repo, const char *name), (repo, name))
FORWARD(int, git_remote_connect_ext,
    (git_remote *remote, git_direction direction, const git_remote_connect_options *opts), (remote, direction, opts))
FORWARD(int, git_remote_connect_options_init,
    (git_remote_connect_options *opts, unsigned int version), (opts, version))
FORWARD(int, git_remote_create_anonymous, (git_remote **out, git_repository *repo, const char *url), (out, repo, url))
FORWARD(int, git_remote_create_detached, (git_remote **out, const char *url), (out, url))
FORWARD(int, git_remote_disconnect, (git_remote *remote), (remote))
FORWARD(int, git_remote_fetch,
    (git_remote *remote, const git_strarray *refspecs, const git_fetch_options *opts, const char *reflog_message),
    (remote, refspecs, opts, reflog_message))
FORWARD(void, git_remote_free, (git_remote *remote), (remote))
FORWARD(int, git_remote_init_callbacks, (git_remote_callbacks *opts, unsigned int version), (opts, version))
FORWARD(int, git_remote_ls, (const git_remote_head ***out, size_t *size, git_remote *remote), (out, size, remote))
FORWARD(void, git_repository_free, (git_repository *repo), (repo))
FORWARD(int, git_repository_init_ext,
    (git_repository **out, const char *repo_path, git_repository_init_options *opts), (out, repo_path, opts))
FORWARD(int, git_repository_init_options_init,
    (git_repository_init_options *opts, unsigned int version), (opts, version))
FORWARD(int, git_repository_odb, (git_odb **out, git_repository *repo), (out, repo))
FORWARD(int, git_repository_open_bare, (git_repository **out, const char *bare_path), (out, bare_path))
FORWARD(int, git_repository_open_ext,
    (git_repository **out, const char *path, unsigned int flags, const char *ceiling_dirs),
    (out, path, flags, ceiling_dirs))
FORWARD(const char *, git_repository_path, (const git_repository *repo), (repo))
FORWARD(void, git_strarray_dispose, (git_strarray *array), (array))

caisson_git_opts caisson_git_libgit2_opts(void) {
    static void *address;
    return (caisson_git_opts)caisson_library_symbol(&libgit2, "git_libgit2_opts", &address);
}
