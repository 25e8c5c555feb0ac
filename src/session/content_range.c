/* SPDX-License-Identifier: MIT */
/* content_range: reads the one form that servers send. */
#include "content_range.h"

#include "base/number.h"

/* Takes the digits of a number off. */
static bool range_take_number(ferry_span *text, int64_t *number) {
    size_t length = 0;
    while (length < text->length && ferry_is_digit(text->data[length])) {
        length++;
    }
    bool is_read = ferry_decimal_read((ferry_span){text->data, length}, number);
    *text = ferry_span_skip(*text, length);
    return is_read;
}

/* Content-Range = "bytes" SP ( first-pos "-" last-pos / "*" ) "/" ( complete-length / "*" ) */
bool ferry_content_range_read(ferry_span value, ferry_content_range *range) {
    ferry_span rest = ferry_span_trim(value);
    *range = (ferry_content_range){-1, -1, -1};
    if (!ferry_span_take_prefix(&rest, FERRY_SPAN("bytes "))) {
        return false;
    }
    bool is_unsatisfied = ferry_span_take_prefix(&rest, FERRY_SPAN("*"));
    if (!is_unsatisfied && !(range_take_number(&rest, &range->first) &&
                             ferry_span_take_prefix(&rest, FERRY_SPAN("-")) &&
                             range_take_number(&rest, &range->last))) {
        return false;
    }
    if (!ferry_span_take_prefix(&rest, FERRY_SPAN("/"))) {
        return false;
    }
    bool is_known = !ferry_span_take_prefix(&rest, FERRY_SPAN("*"));
    if ((is_known && !range_take_number(&rest, &range->total)) || rest.length > 0) {
        return false;
    }
    bool is_sound = range->first <= range->last && (!is_known || range->last < range->total);
    return is_unsatisfied ? is_known : is_sound;
}
