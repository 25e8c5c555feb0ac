/* SPDX-License-Identifier: MIT */
/* empty: the program that the sizes of the others are compared with. */
int main(void) {
    return 0;
}
