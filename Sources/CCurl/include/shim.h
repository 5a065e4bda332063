#pragma once
#include <curl/curl.h>
#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/socket.h>

// curl_easy_setopt and curl_easy_getinfo are variadic, which Swift cannot call and C cannot forward: their addresses,
// and one function per type of argument.

typedef CURLcode (*caisson_curl_setopt)(CURL *easy, CURLoption option, ...);
typedef CURLcode (*caisson_curl_getinfo)(CURL *easy, CURLINFO info, ...);

caisson_curl_setopt caisson_curl_easy_setopt(void);
caisson_curl_getinfo caisson_curl_easy_getinfo(void);

static inline CURLcode caisson_curl_set_long(CURL *easy, CURLoption option, long value) {
    return caisson_curl_easy_setopt()(easy, option, value);
}

static inline CURLcode caisson_curl_set_offset(CURL *easy, CURLoption option, curl_off_t value) {
    return caisson_curl_easy_setopt()(easy, option, value);
}

// libcurl copies the string, except for CURLOPT_POSTFIELDS.
static inline CURLcode caisson_curl_set_string(CURL *easy, CURLoption option, const char *value) {
    return caisson_curl_easy_setopt()(easy, option, value);
}

// The list stays the caller's and must outlive the transfer.
static inline CURLcode caisson_curl_set_headers(CURL *easy, struct curl_slist *headers) {
    return caisson_curl_easy_setopt()(easy, CURLOPT_HTTPHEADER, headers);
}

// `buffer` holds CURL_ERROR_SIZE bytes and outlives the handle.
static inline CURLcode caisson_curl_set_error_buffer(CURL *easy, char *buffer) {
    return caisson_curl_easy_setopt()(easy, CURLOPT_ERRORBUFFER, buffer);
}

typedef size_t (*caisson_curl_data_callback)(char *data, size_t size, size_t count, void *context);
typedef int (*caisson_curl_seek_callback)(void *context, curl_off_t offset, int origin);
typedef curl_socket_t (*caisson_curl_socket_callback)(
    void *context, curlsocktype purpose, struct curl_sockaddr *address);

struct caisson_curl_callbacks {
    caisson_curl_data_callback on_header;
    caisson_curl_data_callback on_body;
    caisson_curl_data_callback fill_upload;
    caisson_curl_seek_callback rewind_upload;
    caisson_curl_socket_callback open_socket;
};

// `context` is handed to every callback and is the handle's private pointer.
static inline CURLcode caisson_curl_set_callbacks(
    CURL *easy, struct caisson_curl_callbacks callbacks, void *context) {
    CURLcode code = caisson_curl_easy_setopt()(easy, CURLOPT_PRIVATE, context);
    if (code == CURLE_OK) code = caisson_curl_easy_setopt()(easy, CURLOPT_HEADERFUNCTION, callbacks.on_header);
    if (code == CURLE_OK) code = caisson_curl_easy_setopt()(easy, CURLOPT_HEADERDATA, context);
    if (code == CURLE_OK) code = caisson_curl_easy_setopt()(easy, CURLOPT_WRITEFUNCTION, callbacks.on_body);
    if (code == CURLE_OK) code = caisson_curl_easy_setopt()(easy, CURLOPT_WRITEDATA, context);
    if (code == CURLE_OK) code = caisson_curl_easy_setopt()(easy, CURLOPT_READFUNCTION, callbacks.fill_upload);
    if (code == CURLE_OK) code = caisson_curl_easy_setopt()(easy, CURLOPT_READDATA, context);
    if (code == CURLE_OK) code = caisson_curl_easy_setopt()(easy, CURLOPT_SEEKFUNCTION, callbacks.rewind_upload);
    if (code == CURLE_OK) code = caisson_curl_easy_setopt()(easy, CURLOPT_SEEKDATA, context);
    if (code == CURLE_OK) code = caisson_curl_easy_setopt()(easy, CURLOPT_OPENSOCKETFUNCTION, callbacks.open_socket);
    if (code == CURLE_OK) code = caisson_curl_easy_setopt()(easy, CURLOPT_OPENSOCKETDATA, context);
    return code;
}

// Opens the socket that libcurl asks for, close-on-exec, which libcurl's own are not.
static inline curl_socket_t caisson_curl_open_socket(const struct curl_sockaddr *address) {
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

// Writes an Internet address as text, which holds at least INET6_ADDRSTRLEN bytes; false for other addresses.
static inline bool caisson_curl_address_text(const struct curl_sockaddr *address, char *text, size_t size) {
    const void *bytes;
    switch (address->addr.sa_family) {
    case AF_INET: bytes = &((const struct sockaddr_in *)&address->addr)->sin_addr; break;
    case AF_INET6: bytes = &((const struct sockaddr_in6 *)&address->addr)->sin6_addr; break;
    default: return false;
    }
    return inet_ntop(address->addr.sa_family, bytes, text, (socklen_t)size) != NULL;
}

// OpenSSL writes to sockets without MSG_NOSIGNAL: keeps a peer that is gone from ending the process, for this thread.
static inline void caisson_curl_block_broken_pipe(void) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
}

static inline long caisson_curl_get_long(CURL *easy, CURLINFO info) {
    long value = 0;
    caisson_curl_easy_getinfo()(easy, info, &value);
    return value;
}

// NULL if there is none; the string lives as long as the handle is not used again.
static inline const char *caisson_curl_get_string(CURL *easy, CURLINFO info) {
    char *value = NULL;
    caisson_curl_easy_getinfo()(easy, info, &value);
    return value;
}

// Takes the next finished transfer from the queue of messages, whose payload is a union; false if there is none.
static inline bool caisson_curl_next_finished(CURLM *multi, CURL **easy, CURLcode *result) {
    int left = 0;
    for (CURLMsg *message; (message = curl_multi_info_read(multi, &left)) != NULL;) {
        if (message->msg != CURLMSG_DONE) continue;
        *easy = message->easy_handle;
        *result = message->data.result;
        return true;
    }
    return false;
}

// Composite macros, which Swift does not import.
static inline CURLcode caisson_curl_global_init(void) { return curl_global_init(CURL_GLOBAL_DEFAULT); }
static inline CURLcode caisson_curl_resume(CURL *easy) { return curl_easy_pause(easy, CURLPAUSE_CONT); }
