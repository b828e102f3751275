"""Tests of somebody who uses Okta's SDK for Python as its README does. Nothing in here knows of overdub."""

import asyncio

import okta.models as models
import pytest
from okta.client import Client

PERSON = {"firstName": "Sample", "lastName": "Sample", "email": "sample@example.com", "login": "sample@example.com"}
SMS = {"factorType": "sms", "provider": "OKTA", "profile": {"phoneNumber": "+15556667777"}}


def result(pending):
    *results, _, error = asyncio.run(pending)
    assert error is None, error
    return results[0] if results else None


@pytest.fixture(scope="module")
def client():
    return Client()


@pytest.fixture(scope="module")
def user(client):
    user = result(client.create_user(models.CreateUserRequest(profile=PERSON)))
    yield user
    result(client.deactivate_user(user.id))
    result(client.delete_user(user.id))


def test_get_a_user(client, user):
    assert result(client.get_user(user.id)).profile.login == PERSON["login"]


def test_list_users(client, user):
    assert user.id in [own.id for own in result(client.list_users())]


def test_enroll_a_factor(client, user):
    factor = result(client.enroll_factor(user.id, models.UserFactorSMS(**SMS)))
    assert factor.status == "PENDING_ACTIVATION"
    assert [own.id for own in result(client.list_factors(user.id))] == [factor.id]


def test_a_user_who_does_not_exist(client):
    *_, error = asyncio.run(client.get_user("nobody"))
    assert "E0000007" in str(error)
