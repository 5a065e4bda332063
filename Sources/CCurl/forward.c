#include "CLazyLibrary.h"
#include "shim.h"

// The version is that of the binary interface, which has been the same since 2006.
static const struct caisson_library libcurl = {"libcurl.so.4", "install libcurl 4 (Debian: libcurl4)"};

#define FORWARD(result, function, parameters, arguments) \
    CAISSON_FORWARD(libcurl, result, function, parameters, arguments)

FORWARD(void, curl_easy_cleanup, (CURL *curl), (curl))
FORWARD(CURL *, curl_easy_init, (void), ())
FORWARD(CURLcode, curl_easy_pause, (CURL *handle, int bitmask), (handle, bitmask))
FORWARD(const char *, curl_easy_strerror, (CURLcode code), (code))
FORWARD(CURLcode, curl_global_init, (long flags), (flags))
FORWARD(CURLMcode, curl_multi_add_handle, (CURLM *multi_handle, CURL *curl_handle), (multi_handle, curl_handle))
FORWARD(CURLMcode, curl_multi_cleanup, (CURLM *multi_handle), (multi_handle))
FORWARD(CURLMsg *, curl_multi_info_read, (CURLM *multi_handle, int *msgs_in_queue), (multi_handle, msgs_in_queue))
FORWARD(CURLM *, curl_multi_init, (void), ())
FORWARD(CURLMcode, curl_multi_perform, (CURLM *multi_handle, int *running_handles), (multi_handle, running_handles))
FORWARD(CURLMcode, curl_multi_poll,
    (CURLM *multi_handle, struct curl_waitfd *extra_fds, unsigned int extra_nfds, int timeout_ms, int *ret),
    (multi_handle, extra_fds, extra_nfds, timeout_ms, ret))
FORWARD(CURLMcode, curl_multi_remove_handle, (CURLM *multi_handle, CURL *curl_handle), (multi_handle, curl_handle))
FORWARD(const char *, curl_multi_strerror, (CURLMcode code), (code))
FORWARD(CURLMcode, curl_multi_wakeup, (CURLM *multi_handle), (multi_handle))
FORWARD(struct curl_slist *, curl_slist_append, (struct curl_slist *list, const char *data), (list, data))
FORWARD(void, curl_slist_free_all, (struct curl_slist *list), (list))

caisson_curl_setopt caisson_curl_easy_setopt(void) {
    static void *address;
    return (caisson_curl_setopt)caisson_library_symbol(&libcurl, "curl_easy_setopt", &address);
}

caisson_curl_getinfo caisson_curl_easy_getinfo(void) {
    static void *address;
    return (caisson_curl_getinfo)caisson_library_symbol(&libcurl, "curl_easy_getinfo", &address);
}
