/* SPDX-License-Identifier: MIT */
#include "nn/activation.h"
#include "nn/kernel.h"
#include "nn/selu.h"

static void none_forward(real *y, Index n)
{
    (void)y;
    (void)n;
}

static void none_backward(real *dy, const real *y, Index n)
{
    (void)dy;
    (void)y;
    (void)n;
}

static void selu_forward(real *y, Index n)
{
    for (Index i = 0; i < n; i++) y[i] = selu(y[i]);
}

static void selu_backward(real *dy, const real *y, Index n)
{
    kernel_active()->selu_backward(dy, y, n);
}

static void relu_forward(real *y, Index n)
{
    for (Index i = 0; i < n; i++) y[i] = y[i] < 0 ? 0 : y[i]; /* NaN stays */
}

static void relu_backward(real *dy, const real *y, Index n)
{
    for (Index i = 0; i < n; i++) dy[i] = y[i] > 0 ? dy[i] : 0;
}

static void tanh_forward(real *y, Index n)
{
    kernel_active()->tanh_forward(y, n);
}

static void tanh_backward(real *dy, const real *y, Index n)
{
    for (Index i = 0; i < n; i++) dy[i] *= 1 - y[i] * y[i];
}

static void sigmoid_forward(real *y, Index n)
{
    kernel_active()->sigmoid_forward(y, n);
}

static void sigmoid_backward(real *dy, const real *y, Index n)
{
    for (Index i = 0; i < n; i++) dy[i] *= y[i] * (1 - y[i]);
}

static const struct {
    void (*forward)(real *y, Index n);
    void (*backward)(real *dy, const real *y, Index n);
} table[N_ACTIVATION] = {
    [ACTIVATION_NONE] = {none_forward, none_backward},          [ACTIVATION_SELU] = {selu_forward, selu_backward},
    [ACTIVATION_RELU] = {relu_forward, relu_backward},          [ACTIVATION_TANH] = {tanh_forward, tanh_backward},
    [ACTIVATION_SIGMOID] = {sigmoid_forward, sigmoid_backward},
};

void activation_forward(real *y, Index n, Activation kind)
{
    table[kind].forward(y, n);
}

void activation_backward(real *dy, const real *y, Index n, Activation kind)
{
    table[kind].backward(dy, y, n);
}
